import { beforeAll, expect, test } from 'vitest'
import { fileSource } from '../../src/db/file-source.ts'
import { createPlaces } from '../../src/http/places.ts'
import { camt053, mt940, ofxSgml, ofxXml, qif, type SmallStatement } from '../cli/statement-files.ts'
import { apiKey } from '../setup/api-key.ts'
import { cloneDatabase, type TestDatabase } from '../setup/database.ts'
import { type AskOptions, startApp, type TestApp } from '../setup/http.ts'
import { newPerson } from '../setup/people.ts'

let db: TestDatabase
let http: TestApp

beforeAll(async () => {
  db = await cloneDatabase()
  http = await startApp(db)
})

const statement: SmallStatement = {
  account: 'DE02120300000000202051',
  opening: '100.00',
  closing: '61.50',
  entries: [
    { day: '2024-01-03', amount: '-50.00', text: 'Rent' },
    { day: '2024-01-09', amount: '11.50', text: 'Refund' },
  ],
}
const csv = 'account,id,date,amount,asset\nGiro,1,2024-01-03,-50.00,EUR\nGiro,2,2024-01-09,11.50,EUR\n'

async function person() {
  const { user, sourceId } = await newPerson(db)
  const token = await http.tokenFor(user.id)
  const path = `/v1/sources/${sourceId}/files`
  return {
    user,
    sourceId,
    token,
    upload: (body: unknown, query = '', options: AskOptions = {}) =>
      http.json('POST', `${path}${query}`, { token, body, ...options }),
    /** As a browser sends it. */
    uploadForm: async (fields: Record<string, string | File>, query = '') => {
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.append(name, value)
      const sent = new Response(form)
      return http.json('POST', `${path}${query}`, {
        token,
        body: new Uint8Array(await sent.arrayBuffer()),
        headers: { 'content-type': sent.headers.get('content-type')! },
      })
    },
    balance: async (accountId?: string) => {
      const of = accountId === undefined ? '' : `?accountId=${accountId}`
      return (await http.json('GET', `/v1/balance${of}`, { token })).body
    },
  }
}

const problem = (type: string) => `urn:tidemark:problem:${type}`

test('a file as the body itself: what became of it, and exact reads at once', async () => {
  const { sourceId, token, upload, balance } = await person()
  const { status, body } = await upload(csv, '?filename=giro.csv')
  expect(status).toBe(201)
  const { accountId } = body.accounts[0]
  expect(body).toEqual({
    filename: 'giro.csv',
    rows: 2,
    superseded: 0,
    accounts: [{ accountId, name: 'Giro', added: 2, changed: 0, unchanged: 0, removed: 0 }],
    checks: [],
    faults: [],
    faultCount: 0,
    differences: [],
  })
  expect((await balance(accountId)).balances).toMatchObject([{ asset: 'EUR', quantity: '-38.5' }])
  const { runs } = (await http.json('GET', `/v1/sources/${sourceId}/runs`, { token })).body
  expect(runs).toMatchObject([{ subject: 'giro.csv', outcome: 'done', added: 2 }])

  const again = await upload(csv)
  expect(again.body.accounts).toMatchObject([{ accountId, added: 0, unchanged: 2 }])
  const edited = await upload(csv.replace('11.50', '12'))
  expect(edited.body.accounts).toMatchObject([{ added: 0, changed: 1, unchanged: 1 }])
  expect((await balance(accountId)).balances).toMatchObject([{ quantity: '-38' }])
})

test.each([
  ['camt.053', camt053(statement)],
  ['MT940', mt940(statement)],
  ['OFX in XML', ofxXml(statement)],
  ['OFX in SGML', ofxSgml(statement)],
])('%s is told by its content, whatever its type is said to be', async (_, file) => {
  const { upload, balance } = await person()
  const headers = { 'content-type': 'application/json' }
  const { status, body } = await upload(Buffer.from(file), '', { headers })
  expect({ status, rows: body.rows }).toEqual({ status: 201, rows: 2 })
  for (const check of body.checks) expect(check).toMatchObject({ difference: '0', previousClosing: null })
  expect((await balance(body.accounts[0].accountId)).balances).toMatchObject([
    { asset: 'EUR', quantity: '61.5' },
  ])
})

test('as a form: the file with its name, and what is to be told beside it', async () => {
  const { uploadForm } = await person()
  const bank = 'Tag;Betrag;Text\n03.01.2024;-50,00;Miete\n09.01.2024;11,50;Erstattung\n'
  const mapping = JSON.stringify({
    delimiter: ';',
    decimal: ',',
    dateFormat: 'DD.MM.YYYY',
    columns: { date: 'Tag', amount: 'Betrag', description: 'Text' },
  })
  const file = new File([bank], 'umsätze.csv')
  const sent = await uploadForm({ file, mapping, account: 'Giro', currency: 'chf' }, '?kind=checking')
  expect(sent).toMatchObject({
    status: 201,
    body: { filename: 'umsätze.csv', rows: 2, accounts: [{ name: 'Giro', added: 2 }] },
  })
  const { accountId } = sent.body.accounts[0]
  const [account] = await db.sql`SELECT kind FROM account WHERE id = ${accountId}`
  expect(account).toMatchObject({ kind: 'checking' })
  const [row] = await db.sql`SELECT asset FROM transaction WHERE account_id = ${accountId}`
  expect(row).toMatchObject({ asset: 'CHF' })

  const fieldsAtFault = async (fields: Record<string, string | File>, query = '') => {
    const { status, body } = await uploadForm(fields, query)
    expect(status).toBe(400)
    return body.errors.map(({ field }: { field: string }) => field)
  }
  expect(await fieldsAtFault({ mapping })).toEqual(['file'])
  expect(await fieldsAtFault({ file: 'text' })).toEqual(['file'])
  expect(await fieldsAtFault({ file, mapping: '{' })).toEqual(['mapping'])
  expect(await fieldsAtFault({ file, mapping: '{"columns":{}}' })).toEqual(['mapping'])
  expect(await fieldsAtFault({ file, kind: 'piggy bank' })).toEqual(['kind'])
  expect(await fieldsAtFault({ file, color: 'red' })).toEqual(['color'])
  expect(await fieldsAtFault({ file }, '?format=pdf')).toEqual(['format'])
  expect(await fieldsAtFault({ file }, '?color=red')).toEqual(['color'])
})

test('a form that is none is refused', async () => {
  const { upload } = await person()
  for (const type of [
    'multipart/form-data',
    'multipart/form-data; boundary=x',
    'multipart/mixed; boundary=x',
  ]) {
    const { status, body } = await upload('--y\r\nno form', '', { headers: { 'content-type': type } })
    expect({ status, errors: body.errors }).toMatchObject({ status: 400, errors: [{ field: 'body' }] })
  }
})

test('a file with a bad record is refused whole, line by line; or the rest of it is taken', async () => {
  const { upload, balance } = await person()
  const bad = `${csv}Giro,3,2024-01-32,1,EUR\nGiro,4,2024-01-11,much,EUR\n`
  const refused = await upload(bad)
  expect(refused).toMatchObject({
    status: 422,
    body: { type: problem('statement'), faultCount: 2, needs: 'skipBad' },
  })
  expect(refused.body.faults).toEqual([
    { line: 4, reason: expect.stringContaining('2024-01-32') },
    { line: 5, reason: expect.stringContaining('much') },
  ])
  expect((await balance()).balances).toEqual([])
  const taken = await upload(bad, '?skipBad=true')
  expect(taken).toMatchObject({ status: 201, body: { rows: 2, faultCount: 2, faults: refused.body.faults } })
  expect((await balance()).balances).toMatchObject([{ quantity: '-38.5' }])

  const worse = `${csv}${'Giro,,never,1,EUR\n'.repeat(250)}`
  const { body } = await upload(worse)
  expect(body.faultCount).toBe(250)
  expect(body.faults).toHaveLength(100)
})

test('what no reader reads is refused with a sentence that is not one for the command line', async () => {
  const { upload } = await person()
  const refuse = async (file: string | Uint8Array, query = '', needs?: string) => {
    const { status, body } = await upload(file, query)
    expect({ status, type: body.type, needs: body.needs }).toEqual({
      status: 422,
      type: problem('statement'),
      needs,
    })
    expect(body.detail).not.toContain('--')
    return body.detail as string
  }
  expect(await refuse('Dear reader\n', '', 'mapping')).toContain('send a mapping')
  expect(await refuse('Tag;Betrag\n', '', 'mapping')).toContain('send a mapping')
  expect(await refuse('Tag;Betrag\n', '?format=csv', 'mapping')).toContain('needs a mapping')
  expect(await refuse(qif(statement.entries), '', 'account')).toBe(
    'the file names no account: say which one it is with account',
  )
  expect(await refuse(new Uint8Array([0x50, 0x4b, 3, 4, 0, 0]))).toContain('ZIP')
  expect(await refuse(new Uint8Array())).toBe('the file is empty')
  expect(await refuse(camt053(statement).slice(0, 700))).toMatch(/^line \d+: /)
  expect((await upload(qif(statement.entries), '?account=Cash')).status).toBe(201)
})

test('one key, one import, the same bytes', async () => {
  const { upload } = await person()
  const headers = { 'idempotency-key': 'january' }
  const first = await upload(csv, '', { headers })
  expect(first).toMatchObject({ status: 201, body: { accounts: [{ added: 2 }] } })
  const again = await upload(csv, '', { headers })
  expect(again.body).toEqual(first.body)
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  const other = await upload(csv.replace('50.00', '51.00'), '', { headers })
  expect(other).toMatchObject({ status: 422, body: { type: problem('idempotency-key-reused') } })
})

test('it goes to one’s own source of type file, with the scope for it', async () => {
  const { user, sourceId, upload } = await person()
  const other = await person()
  const ask = async (token: string, id: string) =>
    (await http.ask('POST', `/v1/sources/${id}/files`, { token, body: csv })).status
  expect(await ask(other.token, sourceId)).toBe(404)
  expect(await ask(await apiKey(db, user.id, 'read'), sourceId)).toBe(403)
  expect(await ask(await apiKey(db, null, 'service'), sourceId)).toBe(403)
  expect(await ask(await apiKey(db, user.id, 'write'), sourceId)).toBe(201)
  await db.sql`INSERT INTO source_type (id, title) VALUES ('manual', 'By hand') ON CONFLICT DO NOTHING`
  const [manual] = await db.sql`
    INSERT INTO user_source (user_id, source_type_id, name) VALUES (${user.id}, 'manual', 'x') RETURNING id`
  expect(await ask(other.token, manual!.id)).toBe(404)
  expect(await ask(await apiKey(db, user.id, 'write'), manual!.id)).toBe(409)
  expect((await upload(csv)).body.accounts).toMatchObject([{ added: 0, unchanged: 2 }])
  expect(await fileSource(db.sql, user.id)).toBe(sourceId)
})

test('many at once: as many as fit are taken, the others are told to come again, and none is half there', async () => {
  const people = await Promise.all(Array.from({ length: 24 }, person))
  const rows = 40
  const file = `account,date,amount,asset\n${Array.from({ length: rows }, (_, n) => `Giro,2024-01-${String((n % 28) + 1).padStart(2, '0')},${n + 1},EUR`).join('\n')}\n`
  const answers = await Promise.all(people.map(({ upload }) => upload(file)))
  expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(4)
  for (const [index, { status, headers, body }] of answers.entries()) {
    const { balances } = await people[index]!.balance()
    if (status === 201) {
      expect(balances).toMatchObject([{ quantity: String((rows * (rows + 1)) / 2) }])
      continue
    }
    expect({ status, type: body.type }).toEqual({ status: 503, type: problem('busy') })
    expect(headers.get('retry-after')).toBe('5')
    expect(balances).toEqual([])
    expect((await people[index]!.upload(file)).status).toBe(201)
  }
})

test('places are refused before anything is received, and free again also after a fault', async () => {
  const places = createPlaces(3)
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const runs = [places('a', () => gate), places('a', () => gate), places('b', () => gate)]
  let received = false
  const receive = async () => {
    received = true
  }
  await expect(places('a', receive)).rejects.toMatchObject({ code: 'busy', status: 503 })
  await expect(places('c', receive)).rejects.toMatchObject({ code: 'busy', status: 503 })
  expect(received).toBe(false)
  open()
  await Promise.all(runs)
  for (let n = 0; n < 4; n++)
    await expect(places('a', () => Promise.reject(new Error('gone')))).rejects.toThrow('gone')
  expect(await places('a', async () => 3)).toBe(3)
})

test('a form of more parts than are meant is refused without being read', async () => {
  const { token, sourceId: id } = await person()
  const part = '--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
  const answer = await http.json('POST', `/v1/sources/${id}/files`, {
    token,
    body: `${part.repeat(100_000)}--XX--\r\n`,
    headers: { 'content-type': 'multipart/form-data; boundary=XX' },
  })
  expect(answer.status).toBe(400)
  expect(answer.body.errors).toEqual([{ field: 'body', message: 'is not a form that can be read' }])
})

test('at most 32 MiB', async () => {
  const { upload } = await person()
  expect((await upload(new Uint8Array(32 * 1024 * 1024 + 1))).status).toBe(413)
})
