import { useEffect, useRef } from 'preact/hooks'
import { Link, useLocation } from 'wouter-preact'
import { prefer, preferences } from '../preferences.ts'
import { useMe } from '../queries.ts'
import { logOut } from '../session/log-out.ts'
import { session } from '../session/session.ts'
import { themes } from '../settings/appearance.tsx'
import { Segmented } from '../ui/segmented.tsx'

/** Who is logged in, light or dark, settings, and the way out. */
export function AccountMenu() {
  const menu = useRef<HTMLDetailsElement>(null)
  const [place] = useLocation()
  useEffect(() => menu.current?.removeAttribute('open'), [place])
  useEffect(() => {
    const close = ({ target }: Event) => {
      if (!menu.current?.contains(target as Node)) menu.current?.removeAttribute('open')
    }
    document.addEventListener('pointerdown', close)
    return () => document.removeEventListener('pointerdown', close)
  }, [])
  const isUser = session.value?.kind === 'user'
  return (
    <details
      class="menu"
      ref={menu}
      onKeyDown={({ key }) => {
        if (key !== 'Escape') return
        menu.current?.removeAttribute('open')
        menu.current?.querySelector('summary')?.focus()
      }}
    >
      <summary class="button plain" aria-label="Your account">
        <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" class="icon">
          <circle cx="12" cy="8" r="4" />
          <path d="M4 21c0-4 3.6-7 8-7s8 3 8 7" />
        </svg>
      </summary>
      <div class="menu-content">
        {isUser ? <Email /> : <p class="hint">Operator’s key</p>}
        <Segmented
          label="Light or dark"
          options={themes}
          value={preferences.value.theme}
          onChange={(theme) => prefer({ theme })}
        />
        {isUser && <Link href="/settings">Settings</Link>}
        <button type="button" class="button plain" onClick={() => void logOut()}>
          Log out
        </button>
      </div>
    </details>
  )
}

function Email() {
  const { data } = useMe()
  return <p class="hint">{data?.email ?? '…'}</p>
}
