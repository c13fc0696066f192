import { z } from 'zod'
import { addDays, dayInZone } from '../../calendar.ts'
import { type ConnectorContext, defineConnector } from '../connector.ts'
import { ConnectorBugError, ReauthError } from '../errors.ts'
import { accessOf, claimUrlOf } from './access.ts'
import { refusalOf } from './server-errors.ts'
import { type Answer, type Asked, answerOf } from './transform.ts'
import { accountSet } from './wire.ts'

const credentials = z.union([
  z.strictObject({
    setupToken: z
      .string()
      .refine((token) => claimUrlOf(token) !== undefined, 'must be a setup token as SimpleFIN shows it'),
  }),
  z.strictObject({
    accessUrl: z
      .string()
      .refine(
        (url) => accessOf(url)?.authorization !== undefined,
        'must be an access URL, with its user name and password',
      ),
  }),
])
type Credentials = z.infer<typeof credentials>
const config = z.strictObject({})
type Config = z.infer<typeof config>
type Context = ConnectorContext<Credentials, Config>

/** An authorisation may stand for a month, and what it becomes has an id of its own. */
const mutableDays = 31

/** SimpleFIN (https://www.simplefin.org/protocol.html): read-only access to accounts at thousands of banks. */
export const connector = defineConnector<Credentials, Config>({
  id: 'simplefin',
  title: 'SimpleFIN',
  auth: 'Create a setup token at your SimpleFIN server (https://bridge.simplefin.org/simplefin/create) and paste it.',
  credentials,
  config,
  // A token that asks more often in a day is disabled, and nobody tells when the day begins: in any 24 hours, then.
  limits: [{ scope: 'connection', max: 24, per: 86_400_000, kind: 'sliding' }],
  // With the days at its edges a window asks for 45, beyond which the bridge warns (and cuts off what is beyond 90).
  history: { maxDays: 730, windowDays: 43, overlapDays: 5, mutableDays },
  scope: 'user',

  async check(context) {
    // Claimed is claimed: nothing behind it may fail, since the token cannot be claimed again.
    if ('setupToken' in context.credentials)
      return { credentials: { accessUrl: await claim(context, context.credentials.setupToken) } }
    const { institutions } = await ask(context, { 'balances-only': '1' })
    return institutions.length > 0 ? { name: institutions.slice(0, 3).join(', ') } : {}
  },

  async accounts(context) {
    const { page } = await ask(context, { 'balances-only': '1' })
    return page.accounts
  },

  async *pull(context, { window }) {
    // The server counts seconds, and days begin up to 14 hours before and 12 hours behind UTC's.
    const range = {
      'start-date': secondsAt(addDays(window.from, -1)),
      'end-date': secondsAt(addDays(window.to, 2)),
      pending: '1',
    }
    const { page } = await ask(context, range, window)
    yield page
  },
})

async function ask(
  context: Context,
  parameters: Record<string, string>,
  window?: Asked['window'],
): Promise<Answer> {
  const { base, authorization } = await accessTo(context)
  const query = new URLSearchParams({ version: '2', ...parameters })
  const response = await context.http.request(`${base}/accounts?${query}`, {
    headers: { accept: 'application/json', authorization },
    errorOf: (response) => refusalOf(response, context.clock()),
  })
  const parsed = accountSet.safeParse(response.json())
  if (!parsed.success) throw new ConnectorBugError('SimpleFIN answered something else than a set of accounts')
  const { timeZone } = context
  const today = dayInZone(context.clock(), timeZone)
  const answer = answerOf(parsed.data, { today, timeZone, mutableDays, ...(window && { window }) })
  for (const notice of answer.notices) context.log.warn({ notice }, 'SimpleFIN has a notice for developers')
  return answer
}

async function accessTo(context: Context): Promise<{ base: string; authorization: string }> {
  let address: string
  if ('accessUrl' in context.credentials) address = context.credentials.accessUrl
  else {
    address = await claim(context, context.credentials.setupToken)
    await context.saveCredentials({ accessUrl: address })
  }
  const access = accessOf(address)
  if (access?.authorization === undefined)
    throw new ReauthError('the access URL has no user name and password')
  return { base: access.base, authorization: access.authorization }
}

/** Exchanges the token for the access URL, which the server does once. */
async function claim(context: Context, setupToken: string): Promise<string> {
  const claimUrl = claimUrlOf(setupToken)
  if (claimUrl === undefined) throw new ReauthError('the setup token is none')
  const response = await context.http.request(claimUrl, {
    method: 'POST',
    headers: { 'content-length': '0' },
    errorOf: ({ status }) =>
      [400, 401, 403, 404, 410].includes(status)
        ? new ReauthError(
            'the setup token was used already or is not known: create a new one, and if it was not you who used it, disable it at the server',
          )
        : undefined,
  })
  const accessUrl = response.text.trim()
  if (accessOf(accessUrl)?.authorization === undefined)
    throw new ConnectorBugError('the claimed setup token gave something else than an access URL')
  return accessUrl
}

function secondsAt(day: string): string {
  return String(Date.parse(`${day}T00:00:00Z`) / 1000)
}
