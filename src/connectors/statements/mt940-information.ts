import { cleanText } from './clean-text.ts'

export interface Information {
  description?: string
  counterparty?: string
}

/** What field 86 says about an entry: subfields (`?20`, `>20`), codes (`/REMI/`), or plain lines. */
export function readInformation(lines: string[]): Information {
  // Fields are cut at 65 places, also within a word or a code.
  const text = lines.join('')
  const subfields = /^\d{3}([?>])(?=\d\d)/.exec(text)
  if (subfields) return readSubfields(text.slice(3), subfields[1]!)
  if (/(?:^|\s)\/(?:EREF|TRTP|REMI|NAME|BENM|ORDP|IBAN|MARF|CNTP|TRCD)\//.test(text)) return readCodes(text)
  return information(lines.map((line) => line.trim()).join(' '), undefined)
}

/**
 * Subfields of the German banks (DFÜ agreement, annex 3, 8.2.4): 00 posting text, 20 to 29 and 60 to 63 purpose,
 * 32 and 33 name of the other party.
 */
function readSubfields(text: string, separator: string): Information {
  let posting = ''
  const names: string[] = []
  const purposes: string[] = []
  for (const subfield of text.split(separator)) {
    const number = /^\d\d/.exec(subfield)?.[0]
    if (number === undefined) {
      // The separator stood in a text.
      if (purposes.length > 0) purposes.push(purposes.pop() + separator + subfield)
      continue
    }
    const value = subfield.slice(2)
    if (number === '00') posting = value
    else if (number === '32' || number === '33') names.push(value)
    else if (/^2\d$|^6[0-3]$/.test(number)) purposes.push(value)
  }
  const purpose = joinSubfields(purposes)
  // SVWZ+ is the remittance text; without it, what stands before the first code.
  const parts = purpose.split(
    /(?:^|\s)((?:EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|IBAN|BIC|OAMT|COAM|PURP)\+)/,
  )
  const remittance = parts[parts.indexOf('SVWZ+') + 1]
  const used = parts.includes('SVWZ+') ? remittance : parts[0]
  return information(cleanText(used ?? '') ?? posting, joinSubfields(names))
}

/** A subfield of 27 places is full and goes on in the next, mid-word too; a shorter one ends with its word. */
function joinSubfields(values: string[]): string {
  return values.reduce((text, value, index) => {
    const cut = index > 0 && values[index - 1]!.length >= 27 && !sepaCode.test(value)
    return index === 0 || cut ? text + value : `${text} ${value}`
  }, '')
}
const sepaCode = /^(?:EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|IBAN|BIC|OAMT|COAM|PURP)\+/

/** Codes between slashes, as Dutch banks write them: `/EREF/…/BENM//NAME/…/REMI/…/ISDT/…`. */
function readCodes(text: string): Information {
  const parts = text.split(
    /\/(EREF|MARF|CSID|REMI|NAME|BENM|ORDP|IBAN|BIC|TRTP|ISDT|PREF|ULTD|ULTC|ULTB|PURP|ACCW|CNTP|TRCD|RTRN|OCMT|CHGS|ID|ADDR)\//,
  )
  const values = new Map<string, string>()
  for (let at = 1; at + 1 < parts.length; at += 2) {
    if (!values.has(parts[at]!)) values.set(parts[at]!, parts[at + 1]!.replace(/\/$/, ''))
  }
  // ING: /CNTP/account/bank/name/city, and /REMI/USTD//text or /REMI/STRD/scheme/text.
  const remittance = values.get('REMI')?.replace(/^(?:USTD\/\/|STRD\/[^/]*\/)/, '')
  return information(remittance, values.get('NAME') ?? values.get('CNTP')?.split('/')[2])
}

function information(description: string | undefined, counterparty: string | undefined): Information {
  const text = cleanText(description ?? '')
  const party = cleanText(counterparty ?? '')
  return {
    ...(text !== undefined && { description: text }),
    ...(party !== undefined && { counterparty: party }),
  }
}
