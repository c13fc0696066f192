import { randomUUID } from 'node:crypto'
import { loadConnectors } from '../../src/connectors/load.ts'
import { createTransport } from '../../src/connectors/transport.ts'
import { createAccessTokens } from '../../src/http/access-token.ts'
import { createApp } from '../../src/http/app.ts'
import type { HttpParts } from '../../src/http/parts.ts'
import { createKeyring } from '../../src/keyring.ts'
import { createLogger } from '../../src/logger.ts'
import type { TestDatabase } from './database.ts'
import { now } from './people.ts'

export interface TestApp {
  app: ReturnType<typeof createApp>
  parts: HttpParts
  /** The present moment of the application; a test may set it. */
  time: { now: Date }
  /** A token of a new log-in, as POST /v1/tokens would give it. */
  tokenFor(userId: string): Promise<string>
  /** Asks with a token; a body is sent as JSON, bytes and texts as they are. */
  ask(method: string, path: string, options?: AskOptions): Promise<Response>
  /** The same, and reads the JSON of the answer. */
  json(
    method: string,
    path: string,
    options?: AskOptions,
    // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects
  ): Promise<{ status: number; headers: Headers; body: any }>
}

export interface AskOptions {
  token?: string | undefined
  body?: unknown
  headers?: Record<string, string>
}

/** The whole application over a database of its own, asked without a port, at a moment that the test sets. */
export async function startApp(db: TestDatabase, rest: Partial<HttpParts> = {}): Promise<TestApp> {
  const time = { now }
  const clock = () => time.now
  const transport = createTransport({ allowedHosts: [] })
  const parts: HttpParts = {
    db,
    connectors: await loadConnectors({ places: [], settingsFile: undefined }),
    keyring: createKeyring({ key: Buffer.alloc(32, 7).toString('base64'), oldKeys: [] }),
    fetch: transport.fetch,
    random: Math.random,
    clock,
    sleep: async () => {},
    signal: new AbortController().signal,
    log: createLogger('silent'),
    requestsPerMinute: 1_000_000,
    trustedProxies: 0,
    scheduler: () => 'elsewhere',
    ...rest,
  }
  const app = createApp(parts)
  const ask = async (method: string, path: string, { token, body, headers = {} }: AskOptions = {}) => {
    const asIs = typeof body === 'string' || body instanceof Uint8Array
    return app.request(path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && !asIs && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: asIs ? (body as string) : JSON.stringify(body) }),
    })
  }
  return {
    app,
    parts,
    time,
    ask,
    async json(method, path, options) {
      const response = await ask(method, path, options)
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        body: text === '' ? undefined : JSON.parse(text),
      }
    },
    async tokenFor(userId) {
      const sessionId = randomUUID()
      const at = time.now.toISOString()
      await db.sql`
        INSERT INTO session (id, user_id, created_at, expires_at)
        VALUES (${sessionId}, ${userId}, ${at}, ${at}::timestamptz + INTERVAL '30 days')`
      return createAccessTokens(parts).issue({ userId, sessionId })
    },
  }
}
