import { ArchiveMissingError } from '../errors.ts'
import { checkKey, checkPrefix, checkRange, isKey } from './keys.ts'
import type { StoreParts } from './open-store.ts'
import { readListPage } from './s3-answers.ts'
import { createS3Sender, type S3Answer, type S3Place } from './s3-requests.ts'
import type { ArchiveStore, ByteRange } from './store.ts'

/** Objects in a bucket of Amazon S3 or of a store that speaks its protocol. Every write replaces an object as a whole. */
export function createS3Store(place: S3Place, parts: StoreParts): ArchiveStore {
  const prefixed = place.prefix === '' ? '' : `${place.prefix}/`
  const shown = `s3://${place.bucket}${place.prefix === '' ? '' : `/${place.prefix}`}`
  const send = createS3Sender(place, shown, parts)
  const inBucket = (key: string) => {
    checkKey(key)
    return `${prefixed}${key}`
  }

  async function get(key: string, range?: ByteRange): Promise<Uint8Array> {
    const name = inBucket(key)
    checkRange(range)
    const { code, status, body } = await send(
      {
        method: 'GET',
        key: name,
        ...(range && { headers: { range: `bytes=${range.start}-${range.end - 1}` } }),
      },
      {
        codes: ['NoSuchKey', 'InvalidRange'],
        isWhole: (answer) => range === undefined || isPart(answer, range),
      },
    )
    if (code === 'NoSuchKey') throw new ArchiveMissingError(`the archive ${shown} has no ${key}`)
    if (code === 'InvalidRange') return new Uint8Array()
    // A store that knows no ranges gives the whole object.
    return range && status === 200 ? body.subarray(range.start, range.end) : body
  }

  return {
    place: shown,
    get,

    async put(key, body) {
      const headers = { 'content-type': 'application/octet-stream' }
      await send({ method: 'PUT', key: inBucket(key), headers, body })
    },

    async size(key) {
      // HEAD would tell a wrong bucket or secret by a status alone, and a missing object by the same one.
      const { code, status, headers, body } = await send(
        { method: 'GET', key: inBucket(key), headers: { range: 'bytes=0-0' } },
        {
          codes: ['NoSuchKey', 'InvalidRange'],
          isWhole: (answer) => answer.status === 200 || totalOf(answer.headers) !== undefined,
        },
      )
      if (code === 'NoSuchKey') return undefined
      if (code === 'InvalidRange') return 0
      return status === 200 ? body.length : totalOf(headers)
    },

    async remove(key) {
      await send({ method: 'DELETE', key: inBucket(key) }, { codes: ['NoSuchKey'] })
    },

    async *list(prefix) {
      checkPrefix(prefix)
      for (let from: string | undefined, first = true; first || from !== undefined; first = false) {
        const { body } = await send(
          {
            method: 'GET',
            key: '',
            query: {
              'list-type': '2',
              'encoding-type': 'url',
              prefix: `${prefixed}${prefix}`,
              ...(from !== undefined && { 'continuation-token': from }),
            },
          },
          { isWhole: ({ body }) => readPage(body) !== undefined },
        )
        const { objects, next } = readPage(body)!
        for (const { key, bytes } of objects) {
          const own = key.slice(prefixed.length)
          if (key.startsWith(prefixed) && own.startsWith(prefix) && isKey(own)) yield { key: own, bytes }
        }
        from = next
      }
    },
  }
}

function readPage(body: Uint8Array) {
  return readListPage(new TextDecoder().decode(body))
}

/** Whether an answer is the range that was asked for, up to the object's end. */
function isPart({ status, headers, body }: S3Answer, { start, end }: ByteRange): boolean {
  if (status !== 206) return true
  const total = totalOf(headers)
  const from = Number(/^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1])
  return from === start && total !== undefined && body.length === Math.min(end, total) - start
}

function totalOf(headers: Headers): number | undefined {
  const total = /^bytes \d+-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1]
  return total === undefined ? undefined : Number(total)
}
