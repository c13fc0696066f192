import { connect } from '../../../src/db/client.ts'
import { startApp } from '../../setup/http.ts'
import type { Place } from './operation.ts'

/** What an answer of the API is to whoever asked: done, or an error with its status. */
export async function answered(asked: Promise<Response>): Promise<void> {
  const response = await asked
  const text = await response.text()
  if (response.ok) return
  throw Object.assign(new Error(`${response.status} ${text}`), {
    status: response.status,
    type: JSON.parse(text).type,
  })
}

/** The application, all of whose connections go through the proxy. */
export async function proxiedApp({ db, proxy }: Place) {
  const url = proxy.urlOf(db.url)
  const sql = connect(url, { max: 2 })
  const app = await startApp({ ...db, sql, url })
  return { ...app, end: () => sql.end({ timeout: 0 }) }
}
