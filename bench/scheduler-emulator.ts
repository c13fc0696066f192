import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ConnectorFixture } from '../src/connectors/conformance/fixture.ts'
import { listen } from '../src/connectors/emulator/listen.ts'
import { providers } from '../src/connectors/registry.ts'
import { cities, merchants } from './merchants.ts'
import type { EmulatorOptions, EmulatorReport, RegistryConnection } from './scheduler-processes.ts'
import type { FeedAnswer } from './scheduler-provider.ts'

/**
 * The provider of the benchmarks, in a process of its own. It refuses nothing: it counts what came in any stretch of
 * the window, by its own clock, and answers.
 */
const { rows, known, window, registry } = JSON.parse(process.argv[2]!) as EmulatorOptions
const arrivals: number[] = []

const server = createServer((request, response) => {
  arrivals.push(Date.now())
  const after = Number(new URL(request.url!, 'http://emulator').searchParams.get('after'))
  const answer = feed(request.headers.authorization?.replace('Bearer ', '') ?? '', after)
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const connections = registry ? await serveRegistry() : []
process.send!({ url: `http://127.0.0.1:${port}`, connections })
process.on('message', () => process.send!(report()))

/** `rows` rows, of which the first `known` were in the answer before. */
function feed(token: string, after: number): FeedAnswer {
  const first = Math.max(0, after - known)
  return {
    account: `account ${token}`,
    rows: Array.from({ length: rows }, (_, index) => {
      const number = first + index
      const merchant = merchants[number % merchants.length]!
      return {
        id: `${token}-${number}`,
        day: new Date(Date.now() - (29 - (number % 30)) * 86_400_000).toISOString().slice(0, 10),
        amount: `-${1 + (number % 90)}.${10 + (number % 89)}`,
        description: `${merchant.toUpperCase()} ${number % 128} ${cities[number % cities.length]}`,
        counterparty: merchant,
      }
    }),
    next: first + rows,
  }
}

function report(): EmulatorReport {
  let most = 0
  for (let last = 0, first = 0; last < arrivals.length; last++) {
    while (arrivals[first]! <= arrivals[last]! - window) first++
    most = Math.max(most, last - first + 1)
  }
  return { requests: arrivals.length, mostInWindow: most }
}

/** Each of the tree's connectors beside its own emulator, so that what a sync of it loads is loaded. */
async function serveRegistry(): Promise<RegistryConnection[]> {
  return Promise.all(
    Object.entries(providers).map(async ([connector, provider]) => {
      const fixture: ConnectorFixture = await provider.fixture()
      const emulated = fixture.start({ clock: () => new Date(), limits: false })
      const { url, host } = await listen(emulated.app)
      return { connector, scope: fixture.connector.scope, host, ...emulated.connection(url) }
    }),
  )
}
