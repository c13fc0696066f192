import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { problemBody, problemTypes } from './problem.ts'

/** Answers what is no HTTP, or too much of a header, which never reaches the application. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const type = error.code === 'HPE_HEADER_OVERFLOW' ? 'header-too-large' : 'invalid-request'
  const requestId = randomUUID()
  const body = problemBody(type, { requestId, detail: 'this is not a request that can be read' })
  const { status, title } = problemTypes[type]
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json\r\n` +
      `x-request-id: ${requestId}\r\ncache-control: no-store\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
