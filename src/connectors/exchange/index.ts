import { z } from 'zod'
import { RefusedError } from '../../errors.ts'
import { createCcxtOpener } from '../ccxt-client.ts'
import type { CcxtExchange } from '../ccxt-module.ts'
import { type ConnectorContext, defineConnector } from '../connector.ts'
import { readBinance } from './binance.ts'
import { coinbaseWallets, readCoinbase } from './coinbase.ts'
import { readKraken } from './kraken.ts'
import { readAnyExchange } from './other.ts'
import { accountOf, mutableDays, parseAnswer, type Reader } from './reading.ts'
import { balance } from './wire.ts'

const credentials = z.strictObject({
  apiKey: z.string().min(1),
  secret: z.string().min(1),
  password: z.string().min(1).optional(),
})
const config = z.strictObject({
  exchange: z
    .string()
    .regex(/^[a-z][a-z0-9]{1,29}$/, 'must be the id that ccxt gives the exchange, such as kraken')
    .meta({
      title: 'Exchange',
      description: 'By the id that ccxt gives it: kraken, coinbase, binance, and so on.',
    }),
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .meta({ title: 'Base URL', description: 'A proxy in place of the exchange’s own hosts.' })
    .optional(),
  symbols: z
    .array(z.string().regex(/^[^/\s]+\/[^/\s]+$/))
    .min(1)
    .max(1_000)
    .meta({
      title: 'Markets',
      description: 'Those whose trades are read (BTC/USDT), where the exchange tells trades only by market.',
    })
    .optional(),
})
type Context = ConnectorContext<z.infer<typeof credentials>, z.infer<typeof config>>

const readers: Record<string, Reader> = { kraken: readKraken, binance: readBinance, coinbase: readCoinbase }

/** Balances and history of one account of a cryptocurrency exchange, through ccxt (https://docs.ccxt.com). */
export const connector = defineConnector({
  id: 'exchange',
  title: 'Cryptocurrency exchange',
  auth: 'Make an API key of the exchange that may only read: balances, ledger, trades, deposits and withdrawals.',
  credentials,
  config,
  // Kraken's smallest tier holds 15 points and gets one back in 3 seconds; a page of the ledger takes 2
  // (https://docs.kraken.com/api/docs/guides/spot-rest-ratelimits). Others allow more.
  limits: [{ scope: 'connection', max: 7, per: 45_000, kind: 'sliding' }],
  // Exchanges are not older than this.
  history: { maxDays: 5_500, overlapDays: 3, mutableDays },
  scope: 'user',

  async check(context) {
    const client = await open(context)
    parseAnswer(balance, await client.call((exchange) => exchange.fetchBalance()))
    return { name: client.exchange.name }
  },

  async accounts(context) {
    const client = await open(context)
    return client.exchange.id === 'coinbase' ? coinbaseWallets(client) : [accountOf(client)]
  },

  async *pull(context, { cursor, window }) {
    const client = await open(context)
    const read = readers[client.exchange.id] ?? readAnyExchange
    const { symbols } = context.config
    yield* read({ client, cursor, from: window.from, now: context.clock(), symbols })
  },
})

const openExchange = createCcxtOpener()

async function open({ credentials, config, http, clock }: Context) {
  const client = await openExchange({
    id: config.exchange,
    baseUrl: config.baseUrl,
    // A PEM key that was copied out of a JSON file, as Coinbase gives it, has its line ends escaped.
    credentials: { ...credentials, secret: credentials.secret.replaceAll('\\n', '\n') },
    http,
    clock,
  })
  if (!tellsHistory(client.exchange))
    throw new RefusedError(
      `${client.exchange.name} offers neither a ledger nor trades, deposits and withdrawals: its history cannot be read`,
    )
  return client
}

function tellsHistory({ has }: CcxtExchange): boolean {
  if (!has.fetchBalance) return false
  if (has.fetchLedger === true) return true
  return has.fetchMyTrades === true && has.fetchDeposits === true && has.fetchWithdrawals === true
}
