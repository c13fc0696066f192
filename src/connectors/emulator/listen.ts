import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'

export interface ListeningEmulator {
  /** `http://127.0.0.1:port`, without a slash at its end. */
  url: string
  /** As `TIDEMARK_ALLOWED_HOSTS` takes it. */
  host: string
  close(): Promise<void>
}

/** Serves an emulator over HTTP on loopback, on a free port unless one is told. */
export async function listen(app: Hono, port = 0): Promise<ListeningEmulator> {
  const server = createAdaptorServer({ fetch: app.fetch })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}`,
    host,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await closed
    },
  }
}
