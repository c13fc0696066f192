import { useId, useRef, useState } from 'preact/hooks'

/** A text to be taken elsewhere, with a button that copies it. */
export function SecretText({ label, hint, value }: { label: string; hint: string; value: string }) {
  const input = useRef<HTMLTextAreaElement>(null)
  const [told, setTold] = useState('')
  const id = useId()
  const copy = async () => {
    input.current?.select()
    setTold((await isCopied(value)) ? 'Copied.' : 'It is marked: copy it with the keyboard, or its menu.')
  }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="settings-secret">
        <textarea
          ref={input}
          id={id}
          class="code"
          rows={2}
          readOnly
          autocomplete="off"
          spellcheck={false}
          aria-describedby={`${id}-hint`}
          value={value}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
        <button type="button" class="button" onClick={() => void copy()}>
          Copy
        </button>
      </div>
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
      <p class="hint" role="status">
        {told}
      </p>
    </div>
  )
}

/** The clipboard is there on https and on this machine alone, and may be refused there, too. */
async function isCopied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return document.execCommand('copy')
  }
}
