import { connect, type Sql } from '../../src/db/client.ts'
import type { TestDatabase } from './database.ts'

/** Where a session is ended: at its first write to a table, or before one of its statements, counted from 0. */
export type KillAt = { table: string } | { statement: number }

/**
 * Runs work on a session of its own that the server ends in the middle: in a lock that work waits for, as a writer to a
 * table, or between two statements. Work that never comes there ends as it would. Returns whether it was ended.
 */
export async function runAndKill(
  db: TestDatabase,
  at: KillAt,
  work: (sql: Sql) => Promise<unknown>,
): Promise<boolean> {
  const victim = connect(db.url, { max: 1, applicationName: 'victim' })
  const jailer = connect(db.url, { max: 1 })
  const [session] = await victim`SELECT pg_backend_pid() AS pid`
  const pid = session!.pid as number
  const kill = () => db.sql`SELECT pg_terminate_backend(${pid}, 5000)`
  const held = await jailer.reserve()
  try {
    if ('table' in at) await held`BEGIN`
    if ('table' in at) await held.unsafe(`LOCK TABLE ${at.table} IN EXCLUSIVE MODE`)
    let ended = false
    const run = work('table' in at ? victim : killedBefore(victim, at.statement, kill)).then(
      () => {
        ended = true
        return false
      },
      (error: unknown) => {
        ended = true
        if (!isGone(error)) throw error
        return true
      },
    )
    while ('table' in at && !ended) {
      const [waiting] = await db.sql`SELECT 1 FROM pg_locks WHERE pid = ${pid} AND NOT granted`
      if (waiting) await kill()
    }
    return await run
  } finally {
    if ('table' in at) await held`ROLLBACK`
    held.release()
    await Promise.all([victim.end({ timeout: 0 }), jailer.end()])
  }
}

/** The client, whose statement of that number finds its session gone. A part of another statement is none. */
function killedBefore(sql: Sql, statement: number, kill: () => PromiseLike<unknown>): Sql {
  let count = 0
  const gone = () =>
    Promise.resolve(kill()).then(() => {
      throw Object.assign(new Error('killed'), { code: 'CONNECTION_CLOSED' })
    })
  // Sent once somebody waits for it.
  const counted = <Query extends object>(query: Query): Query =>
    new Proxy(query, {
      get(target, name) {
        const victim = name === 'then' && count++ === statement ? gone() : target
        const member = Reflect.get(victim, name, victim)
        return typeof member === 'function' ? member.bind(victim) : member
      },
    })
  return new Proxy(sql, {
    apply: (target, self, args) => {
      const made = Reflect.apply(target as never, self, args) as object
      return Array.isArray(args[0]) && 'raw' in args[0] ? counted(made) : made
    },
    get: (target, name) =>
      name === 'unsafe' ? (text: string) => counted(target.unsafe(text)) : Reflect.get(target, name, target),
  })
}

function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return [
    '57P01',
    'CONNECTION_CLOSED',
    'CONNECTION_ENDED',
    'CONNECTION_DESTROYED',
    'ECONNRESET',
    'EPIPE',
  ].includes(code)
}
