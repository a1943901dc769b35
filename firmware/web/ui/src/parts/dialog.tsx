// A dialog is the browser's own: it keeps the focus inside and closes by Escape.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { useName } from './basics';

interface Props {
  title: string; children: ComponentChildren; onClose: () => void;
  buttons?: ComponentChildren; closeText?: string;
}

export function Dialog({ title, children, onClose, buttons, closeText }: Props) {
  const at = useRef<HTMLDialogElement>(null);
  const name = useName('dialog');
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    at.current?.showModal();
    return () => before?.focus?.();
  }, []);
  return (
    <dialog ref={at} aria-labelledby={name} onClose={onClose}
      onCancel={(event) => { event.preventDefault(); onClose(); }}>
      <h2 id={name}>{title}</h2>
      <div class="dialog-body">{children}</div>
      <div class="dialog-foot">
        <button type="button" class={buttons ? 'button quiet' : 'button primary'} onClick={onClose}>{closeText ?? t('Cancel')}</button>
        {buttons}
      </div>
    </dialog>
  );
}
