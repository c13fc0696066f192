import { SaxesParser } from 'saxes'

/** A page of ListObjectsV2, or a fault: https://docs.aws.amazon.com/AmazonS3/latest/API/ */
export interface ListPage {
  objects: { key: string; bytes: number }[]
  /** Where the next page begins; undefined after the last. */
  next: string | undefined
}

/** Undefined where the text is no whole page: it was cut off, or comes from something else. */
export function readListPage(xml: string): ListPage | undefined {
  const elements = readElements(xml)
  if (elements?.[0]?.path !== 'ListBucketResult') return undefined
  const told = (name: string) => elements.find(({ path }) => path === `ListBucketResult/${name}`)?.text
  const decode = told('EncodingType') === 'url' ? decodeKey : (key: string) => key
  const objects: ListPage['objects'] = []
  for (const { path, text } of elements) {
    if (path === 'ListBucketResult/Contents') objects.push({ key: '', bytes: Number.NaN })
    else if (path === 'ListBucketResult/Contents/Key') objects.at(-1)!.key = decode(text)
    else if (path === 'ListBucketResult/Contents/Size') objects.at(-1)!.bytes = Number(text)
  }
  const next = told('NextContinuationToken')
  // A list that says it goes on and not how is not to be taken for a whole one.
  if (told('IsTruncated') === 'true' ? !next : told('IsTruncated') !== 'false') return undefined
  if (objects.some(({ key, bytes }) => key === '' || !Number.isSafeInteger(bytes))) return undefined
  return { objects, next: told('IsTruncated') === 'true' ? next : undefined }
}

/** The code of a fault, e.g. NoSuchKey; empty where the text tells none. */
export function readFaultCode(xml: string): string {
  const code = readElements(xml)?.find(({ path }) => path === 'Error/Code')?.text ?? ''
  return /^[A-Za-z0-9]{1,60}$/.test(code) ? code : ''
}

/** Every element in its order, with the names that lead to it and the text in it; undefined where it is no whole XML. */
function readElements(xml: string): { path: string; text: string }[] | undefined {
  const elements: { path: string; text: string }[] = []
  const open: { path: string; text: string }[] = []
  const parser = new SaxesParser({ xmlns: true })
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ local }) => {
    const element = { path: [...open.slice(-1).map(({ path }) => path), local].join('/'), text: '' }
    elements.push(element)
    open.push(element)
  })
  parser.on('closetag', () => {
    open.pop()
  })
  parser.on('text', (text) => {
    const element = open.at(-1)
    if (element) element.text += text
  })
  try {
    parser.write(xml).close()
    return elements
  } catch {
    return undefined
  }
}

function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    return key
  }
}
