import type { ComponentChildren } from 'preact'
import { formatDay, formatInstant } from '../format/dates.ts'
import { useAccounts, useMe } from '../queries.ts'
import { Money } from '../ui/money.tsx'
import type { Transaction } from './transaction-queries.ts'

/** What its provider says of a transaction, or who entered it, which stays as it is. */
export function TransactionFacts({ transaction }: { transaction: Transaction }) {
  const { data: me } = useMe()
  const { data: accounts } = useAccounts()
  const { id, accountId, amount, asset, date, description, counterparty } = transaction
  const { kind, status, time, recordedAt, groupId } = transaction
  const instant = (text: string) => (me ? `${formatInstant(text, me.timeZone)} (${me.timeZone})` : '…')
  return (
    <dl class="tx-facts">
      <Fact name="Amount">
        <Money amount={amount} asset={asset} exact signed />
      </Fact>
      <Fact name="Account">{accounts?.accounts.find((each) => each.id === accountId)?.name ?? '…'}</Fact>
      <Fact name="Day">{formatDay(date)}</Fact>
      {time !== null && <Fact name="Time">{instant(time)}</Fact>}
      <Fact name="Status">{statuses[status]}</Fact>
      {description !== null && <Fact name="Description">{description}</Fact>}
      {counterparty !== null && <Fact name="Counterparty">{counterparty}</Fact>}
      <Fact name="Kind">{kind}</Fact>
      <Fact name="Recorded">{instant(recordedAt)}</Fact>
      <Fact name="Id">
        <code>{id}</code>
      </Fact>
      {groupId !== null && (
        <Fact name="Group">
          <code>{groupId}</code>
        </Fact>
      )}
    </dl>
  )
}

const statuses: Record<Transaction['status'], string> = {
  posted: 'Posted',
  pending: 'Pending: it moves no balance yet.',
  requested: 'Requested: it moves no balance.',
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
