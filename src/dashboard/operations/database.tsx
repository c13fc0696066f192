import { counted, formatCount } from '../format/counts.ts'
import { TableScroll } from '../ui/table-scroll.tsx'
import { Policies } from './policies.tsx'
import type { Operations } from './queries.ts'
import { UpkeepPolicies } from './upkeep.tsx'
import { formatBytes, formatRatio } from './words.ts'

/** What the database is and holds. Behind its version, a distribution may name its own. */
export function Database({ operations }: { operations: Operations }) {
  const { engine, versions, counts, bytes, partitions, policies, upkeep } = operations
  const isTimescale = engine === 'timescale'
  return (
    <section class="card stack" aria-labelledby="database">
      <h2 id="database">Database</h2>
      <dl class="ops-facts">
        <dt>Engine</dt>
        <dd>
          {isTimescale ? `TimescaleDB ${versions.timescaledb} on ` : 'Plain '}PostgreSQL{' '}
          {versions.postgres.split(' ')[0]}
        </dd>
        <dt>Size</dt>
        <dd>
          <data value={bytes.database}>{formatBytes(bytes.database)}</data>
        </dd>
        <dt>{isTimescale ? 'Chunks' : 'Partitions'}</dt>
        <dd>
          {formatCount(partitions.total)}
          {isTimescale && `, ${formatCount(partitions.columnstore)} in the columnstore`}
        </dd>
        <dt>Compression</dt>
        <dd>{compressionOf(operations)}</dd>
      </dl>
      <TableScroll label="What it holds">
        <table>
          <caption class="visually-hidden">What it holds</caption>
          <thead>
            <tr>
              <th scope="col">Holds</th>
              <th scope="col" class="number">
                Rows
              </th>
              <th scope="col" class="number">
                Size
              </th>
            </tr>
          </thead>
          <tbody>
            <Holding name="Transactions" rows={counts.transactions} bytes={bytes.transaction} />
            <Holding name="Daily flows" bytes={bytes.dailyFlow} />
            <Holding name="Monthly flows" bytes={bytes.monthlyFlow} />
            <Holding name="Prices" rows={counts.prices} bytes={bytes.price} />
          </tbody>
        </table>
      </TableScroll>
      <p class="hint">
        {counted(counts.users, 'user')} with {counted(counts.accounts, 'account')}. Where there are many rows,
        their number is an estimate.
      </p>
      <UpkeepPolicies policies={upkeep} />
      {policies.length > 0 && <Policies policies={policies} />}
    </section>
  )
}

function Holding({ name, rows, bytes }: { name: string; rows?: number; bytes: number }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="number">{rows !== undefined && <data value={rows}>{formatCount(rows)}</data>}</td>
      <td class="number">
        <data value={bytes}>{formatBytes(bytes)}</data>
      </td>
    </tr>
  )
}

function compressionOf({ engine, compression, upkeep }: Operations): string {
  if (engine === 'plain') return 'None: plain PostgreSQL has no columnstore'
  if (compression === null) {
    const columnstore = upkeep.find(({ name }) => name === 'columnstore')
    return `None yet: chunks go into the columnstore ${columnstore?.settings[0]?.value} days behind`
  }
  const { before, after } = compression
  return `${formatRatio(before, after)}: ${formatBytes(before)} of rows are ${formatBytes(after)} in the columnstore`
}
