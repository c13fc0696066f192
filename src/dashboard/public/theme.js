// Before the first paint: what was chosen on this device, in the place of what the system prefers.
try {
  const { theme } = JSON.parse(localStorage.getItem('tidemark.preferences') ?? '{}')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // What cannot be read was not chosen.
}
