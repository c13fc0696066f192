import type { ConnectorFixture } from '../conformance/fixture.ts'
import { start } from './emulator.ts'
import { connector } from './index.ts'

export const fixture: ConnectorFixture = {
  connector,
  start,
  lacks: { 'page-size': 'All accounts and rows of a window come in one answer: the protocol has no pages.' },
}
