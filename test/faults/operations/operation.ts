import type { Database } from '../../../src/db/database.ts'
import type { OwnServer } from '../own-server.ts'
import type { StatementProxy } from '../statement-proxy.ts'

/** Where operations are done. */
export interface Place {
  server: OwnServer
  /** Of that server, beside the proxy. */
  db: Database
  proxy: StatementProxy
  /** For files, gone with the test file. */
  folder: string
}

/** One operation of somebody's, from a state of its own. */
export interface Trial {
  /** Does it, through the proxy. Throws what is told to whoever asked for it. */
  attempt(): Promise<void>
  /** What there is of it, without what each trial numbers by itself; read beside the proxy. */
  state(): Promise<unknown>
  /** Other states that are whole: of an operation of several writes, each of which is one. */
  isWhole?(state: unknown): boolean | Promise<boolean>
  end?(): Promise<unknown>
}

export type Operation = (place: Place) => Promise<Trial>
