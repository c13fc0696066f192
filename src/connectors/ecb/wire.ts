import { SaxesParser } from 'saxes'
import { TransientError } from '../errors.ts'

/**
 * As the file says it, unchecked: `<Cube currency="USD" rate="1.0686"/>`, what one euro costs, within
 * `<Cube time="2024-06-14">`. Empty where an attribute is missing.
 */
export interface ReferenceRate {
  day: string
  currency: string
  rate: string
}

/** Characters that the parser is given at once: enough for about two thousand rates. */
const sliceLength = 64 * 1024

/**
 * The rates of a eurofxref file, as many at a time as a slice of it holds, in the file's order (the newest day
 * first). Throws a TransientError where it is not whole XML: it was cut off on the way.
 */
export function* readRates(xml: string): Generator<ReferenceRate[]> {
  const parser = new SaxesParser({ xmlns: true })
  let rates: ReferenceRate[] = []
  let day = ''
  parser.on('error', (error) => {
    throw new TransientError('the file of reference rates is not whole XML', { cause: error })
  })
  parser.on('opentag', ({ local, attributes }) => {
    if (local !== 'Cube') return
    const { time, currency, rate } = attributes
    if (currency || rate) rates.push({ day, currency: currency?.value ?? '', rate: rate?.value ?? '' })
    else day = time?.value ?? ''
  })
  for (let at = 0; at < xml.length; at += sliceLength) {
    parser.write(xml.slice(at, at + sliceLength))
    yield rates
    rates = []
  }
  parser.close()
  yield rates
}
