import type { ComponentChildren } from 'preact'
import { Link, useLocation, useRoute } from 'wouter-preact'
import { prefer, preferences } from '../preferences.ts'
import { session } from '../session/session.ts'
import { LateFault } from '../ui/late-fault.tsx'
import { AccountMenu } from './account-menu.tsx'
import { Connection } from './connection.tsx'
import { PageBoundary } from './page-boundary.tsx'

const places = [
  { path: '/', label: 'Net worth' },
  { path: '/transactions', label: 'Transactions' },
  { path: '/accounts', label: 'Accounts' },
  { path: '/sources', label: 'Sources' },
]

/** What stands around every page of somebody who is logged in. */
export function Shell({ children }: { children: ComponentChildren }) {
  const isUser = session.value?.kind === 'user'
  const [path] = useLocation()
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="topbar">
        <Link href="/" class="brand">
          <img src="/favicon.svg" alt="" width="24" height="24" />
          Tidemark
        </Link>
        {isUser && (
          <nav aria-label="Pages">
            {places.map((place) => (
              <NavLink key={place.path} {...place} />
            ))}
          </nav>
        )}
        <div class="topbar-end">
          {isUser && <PrivacyButton />}
          <AccountMenu />
        </div>
      </header>
      <Connection />
      <LateFault />
      <PageBoundary key={path}>{children}</PageBoundary>
    </div>
  )
}

function NavLink({ path, label }: { path: string; label: string }) {
  const [isHere] = useRoute(path === '/' ? '/' : `${path}/*?`)
  return (
    <Link href={path} {...(isHere && { 'aria-current': 'page' as const })}>
      {label}
    </Link>
  )
}

function PrivacyButton() {
  const { privacy } = preferences.value
  return (
    <button
      type="button"
      class="button plain"
      aria-pressed={privacy}
      title={privacy ? 'Amounts are hidden' : 'Amounts are shown'}
      onClick={() => prefer({ privacy: !privacy })}
    >
      <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" class="icon">
        <path d="M2 12s3.6-7 10-7 10 7 10 7-3.6 7-10 7S2 12 2 12z" />
        <circle cx="12" cy="12" r="3" />
        {privacy && <path d="M4 20 20 4" />}
      </svg>
      <span class="visually-hidden">Hide amounts</span>
    </button>
  )
}
