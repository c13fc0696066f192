import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { atEnd } from './own-server.ts'

/** Before the server has the statement, or when it has done it and the answer is on its way. */
export type Moment = 'before' | 'after'

export interface StatementProxy {
  /** Of the server, through the proxy. */
  urlOf(url: string): string
  /** From now on counts anew, and breaks the connection at that statement, counted from 1 over all connections. */
  dropAt(statement: number, moment: Moment): void
  dropNowhere(): void
  /** Whether it did since it was told where. */
  dropped(): boolean
}

/**
 * Stands between a client and a PostgreSQL server, and knows where one statement ends and the next begins:
 * https://www.postgresql.org/docs/15/protocol-message-formats.html. A statement is what the client ends with Sync (S),
 * or a simple query (Q); its answer ends with ReadyForQuery (Z).
 */
export async function startStatementProxy(serverUrl: string): Promise<StatementProxy> {
  const { port } = new URL(serverUrl)
  let statements = 0
  let target = { statement: Number.POSITIVE_INFINITY, moment: 'before' as Moment }
  let hasDropped = false
  const sockets = new Set<Socket>()

  const server = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1')
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    const drop = () => {
      hasDropped = true
      client.destroy()
      upstream.destroy()
    }
    /** Answers that the server owes; the first one is that to the start of the connection. */
    let owed = 1
    let isDoomed = false

    client.on(
      'data',
      messages({ hasStart: true }, (type, message) => {
        if (client.destroyed) return
        if (type === 'S' || type === 'Q') {
          owed++
          statements++
          if (statements === target.statement) {
            if (target.moment === 'before') return drop()
            isDoomed = true
          }
        }
        upstream.write(message)
      }),
    )
    upstream.on(
      'data',
      messages({ hasStart: false }, (type, message) => {
        if (client.destroyed) return
        if (type === 'Z') owed--
        if (!isDoomed) client.write(message)
        else if (owed === 0) drop()
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = server.address() as AddressInfo
  atEnd(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return {
    urlOf(url) {
      const through = new URL(url)
      through.port = String(own.port)
      return through.href
    },
    dropAt(statement, moment) {
      statements = 0
      hasDropped = false
      target = { statement, moment }
    },
    dropNowhere() {
      target = { ...target, statement: Number.POSITIVE_INFINITY }
    },
    dropped: () => hasDropped,
  }
}

/** Calls back with each message that is complete: its type, and all of its bytes. The first of a client has no type. */
function messages({ hasStart }: { hasStart: boolean }, onMessage: (type: string, message: Buffer) => void) {
  let rest = Buffer.alloc(0)
  let isStart = hasStart
  return (data: Buffer) => {
    rest = Buffer.concat([rest, data])
    for (;;) {
      const head = isStart ? 0 : 1
      if (rest.length < head + 4) return
      const length = head + rest.readInt32BE(head)
      if (rest.length < length) return
      const message = rest.subarray(0, length)
      rest = rest.subarray(length)
      const type = isStart ? '' : String.fromCharCode(message[0]!)
      isStart = false
      onMessage(type, message)
    }
  }
}
