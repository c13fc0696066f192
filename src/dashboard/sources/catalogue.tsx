import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import { Field } from '../ui/field.tsx'
import type { SourceType } from './source-queries.ts'

/** What a user can connect. */
export function Catalogue({ types }: { types: SourceType[] }) {
  const [wanted, setWanted] = useState('')
  const words = wanted.toLowerCase().split(/\s+/)
  const found = types.filter(({ id, title }) =>
    words.every((word) => `${id} ${title}`.toLowerCase().includes(word)),
  )
  return (
    <>
      <div class="source-narrow">
        <Field
          label="Search"
          type="search"
          value={wanted}
          onInput={({ currentTarget }) => setWanted(currentTarget.value)}
        />
      </div>
      {found.length === 0 && (
        <p role="status">
          There is no connection of that name. Statement files of any bank can be uploaded instead.
        </p>
      )}
      <ul class="source-catalogue">
        {found.map(({ id, title, auth }) => (
          <li key={id}>
            <Link href={`/sources/new?type=${encodeURIComponent(id)}`} class="card">
              <strong>{title}</strong>
              <span class="hint source-words">{auth}</span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  )
}
