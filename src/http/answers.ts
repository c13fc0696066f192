import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { dayInZone } from '../calendar.ts'
import { readVersions } from '../db/callers.ts'
import type { Sql } from '../db/client.ts'
import { withDeadline } from '../deadline.ts'
import type { UserCaller } from './caller.ts'
import type { HttpParts } from './parts.ts'
import { type Apart, createReader } from './reader.ts'

/** To be counted up where an answer to the same data would read otherwise: an ETag stands for what was sent. */
const shape = 3

/** Times that an answer is made again because something was written meanwhile. */
const mostAttempts = 3

/** Milliseconds: all attempts of a slow read. */
const longestMaking = 30_000

/** Bytes of answers that are kept. */
const mostBytes = 64 * 1024 * 1024

export interface AnswerQuery {
  /** Names the answer among those of its caller, with everything that it depends on besides the data. */
  name: string
  /** The last day that the answer tells of; undefined where time goes into it. */
  to: string | undefined
}

/**
 * Answers to reads, kept as long as nothing changed that they are made of: every request learns the version of its
 * caller's data (src/db/callers.ts), and an answer that was made at that version is still right. A range that lies in
 * the past gets an ETag by that version; any other is not to be stored. See docs/decisions/0013-answers-by-version.md.
 */
export interface Answers {
  send(request: Request, caller: UserCaller, query: AnswerQuery, make: Make): Promise<Response>
}

/** `passing` is called where the answer may be better next time, though nothing is written: it is not kept. */
type Make = (sql: Sql, apart: Apart, passing: () => void) => Promise<unknown>

interface Kept {
  version: string
  body: string
}

interface Made {
  /** Undefined where it is of no one version. */
  version: string | undefined
  body: string
  passing: boolean
}

export function createAnswers(
  parts: Pick<HttpParts, 'db' | 'reads' | 'replica' | 'clock' | 'log'>,
  countRead?: (from: 'primary' | 'replica') => void,
): Answers {
  const kept = new LRUCache<string, Kept>({
    maxSize: mostBytes,
    sizeCalculation: ({ body }, name) => 2 * (body.length + name.length) + 200,
  })
  const made = new Map<string, Promise<Pick<Made, 'body' | 'passing'>>>()
  const reader = createReader(parts, countRead)

  async function bodyOf(
    caller: UserCaller,
    name: string,
    make: Make,
  ): Promise<Pick<Made, 'body' | 'passing'>> {
    const found = kept.get(name)
    if (found?.version === caller.version) return { body: found.body, passing: false }
    // Those who ask for the same at once wait for one answer. It is read after the version was, so that it holds at
    // least what the version names.
    const work = `${caller.version} ${name}`
    const under = made.get(work)
    if (under) return under
    const making = withDeadline(longestMaking, () => makeWhole(caller, make))
      .then(({ version, body, passing }) => {
        if (version !== undefined && !passing) kept.set(name, { version, body })
        return { body, passing }
      })
      .finally(() => made.delete(work))
    made.set(work, making)
    return making
  }

  /**
   * An answer of several statements is of one state where the version has not moved meanwhile; else it is made again.
   * Without a version, it never stood still, and the answer may show a write in one of its parts alone.
   */
  async function makeWhole({ userId, version: asked }: UserCaller, make: Make): Promise<Made> {
    let version = asked
    for (let attempt = 0; ; attempt++) {
      let passing = false
      const { answer, after } = await reader(userId, version, async (sql, apart) => ({
        answer: await make(sql, apart, () => {
          passing = true
        }),
        after: (await readVersions(sql, [userId])).get(userId),
      }))
      const body = JSON.stringify(answer)
      if (after === version || after === undefined) return { version, body, passing }
      if (attempt === mostAttempts) return { version: undefined, body, passing }
      version = after
    }
  }

  return {
    async send(request, caller, { name, to }, make) {
      const full = `${caller.userId} ${name}`
      const closed = to !== undefined && to < dayInZone(parts.clock(), caller.timeZone)
      const headers: Record<string, string> = { 'content-type': 'application/json' }
      if (!closed) headers['cache-control'] = 'no-store'
      else {
        headers.etag = `"${createHash('sha256').update(`${shape} ${caller.version} ${full}`).digest('base64url').slice(0, 27)}"`
        headers['cache-control'] = 'private, no-cache'
        headers.vary = 'Authorization'
        if (isKnown(request.headers.get('if-none-match'), headers.etag)) {
          delete headers['content-type']
          return new Response(null, { status: 304, headers })
        }
      }
      const { body, passing } = await bodyOf(caller, full, make)
      if (passing) {
        delete headers.etag
        delete headers.vary
        headers['cache-control'] = 'no-store'
      }
      return new Response(body, { headers })
    },
  }
}

/** RFC 9110, section 13.1.2, by weak comparison. */
function isKnown(header: string | null, etag: string): boolean {
  if (header === null) return false
  // `*` would mean any answer at all, also where there is none: it is not heeded.
  return header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag)
}
