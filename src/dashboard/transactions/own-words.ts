import type { Api } from '../api.ts'
import type { Labels } from './label-fields.tsx'
import { tagsOf } from './tags-field.tsx'
import type { Transaction } from './transaction-queries.ts'

/** What a user says of a transaction, as the form holds it. */
export interface OwnWords extends Labels {
  transfer: 'yes' | 'no' | 'unsaid'
  excluded: boolean
}

type Change = Parameters<Api['updateTransaction']>[0]['body']

export function ownWordsOf({ category, note, tags, transfer, excluded }: Transaction): OwnWords {
  return {
    category: category ?? '',
    note: note ?? '',
    tags: { chosen: tags, typed: '' },
    transfer: transfer === null ? 'unsaid' : transfer ? 'yes' : 'no',
    excluded,
  }
}

/** What differs from what is there; null clears. Undefined where nothing does. */
export function changeOf(before: Transaction, words: OwnWords): Change | undefined {
  const said = {
    category: words.category.replace(/\s+/g, ' ').trim() || null,
    note: words.note.trim() === '' ? null : words.note,
    tags: tagsOf(words.tags),
    transfer: words.transfer === 'unsaid' ? null : words.transfer === 'yes',
    excluded: words.excluded,
  }
  const changed = Object.entries(said).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof typeof said]),
  )
  return changed.length === 0 ? undefined : Object.fromEntries(changed)
}
