import type { ComponentChildren, JSX } from 'preact'
import { useId } from 'preact/hooks'

interface FieldProps {
  label: string
  hint?: ComponentChildren
  fault?: string | undefined
}

type InputProps = FieldProps & Omit<JSX.IntrinsicElements['input'], 'label' | 'children'>

/** An input with its label, a hint, and what is wrong with it. */
export function Field({ label, hint, fault, ...input }: InputProps) {
  return (
    <Labelled label={label} hint={hint} fault={fault}>
      {(attributes) => <input {...input} {...attributes} />}
    </Labelled>
  )
}

type SelectProps = FieldProps & { children: ComponentChildren } & Omit<
    JSX.IntrinsicElements['select'],
    'label'
  >

export function SelectField({ label, hint, fault, children, ...select }: SelectProps) {
  return (
    <Labelled label={label} hint={hint} fault={fault}>
      {(attributes) => (
        <select {...select} {...attributes}>
          {children}
        </select>
      )}
    </Labelled>
  )
}

type TextAreaProps = FieldProps & Omit<JSX.IntrinsicElements['textarea'], 'label' | 'children'>

export function TextAreaField({ label, hint, fault, ...textarea }: TextAreaProps) {
  return (
    <Labelled label={label} hint={hint} fault={fault}>
      {(attributes) => <textarea {...textarea} {...attributes} />}
    </Labelled>
  )
}

interface ControlAttributes {
  id: string
  'aria-invalid'?: 'true'
  'aria-describedby'?: string
}

function Labelled({
  label,
  hint,
  fault,
  children,
}: FieldProps & { children: (attributes: ControlAttributes) => ComponentChildren }) {
  const id = useId()
  const described = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(' ')
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        ...(fault && { 'aria-invalid': 'true' as const }),
        ...(described && { 'aria-describedby': described }),
      })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {fault && (
        <p class="fault" id={`${id}-fault`}>
          {fault}
        </p>
      )}
    </div>
  )
}
