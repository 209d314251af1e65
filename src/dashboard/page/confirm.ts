/// <reference lib="dom" />
import { type ComponentChild, type ComponentChildren, h } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Says what came of something, where screen readers hear it too. */
export type Say = (text: string) => void;

let sayIt: Say = () => {};
export const say: Say = (text) => sayIt(text);

/** The last thing that was said. */
export function Said(): ComponentChild {
  const [text, setText] = useState("");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    sayIt = (text) => {
      setText(text);
      clearTimeout(timer);
      timer = setTimeout(() => setText(""), 10_000);
    };
  }, []);
  return h("div", { class: text === "" ? "said" : "said shown", role: "status" }, text);
}

/** What is asked before something is changed. */
export interface Action {
  /** What the button says, and the dialogue is called. */
  readonly label: string;
  /** What will happen. */
  readonly explains: ComponentChildren;
  /** Fields of the form, by name. */
  readonly fields?: ComponentChildren;
  /** @returns what to say once it is done; rejects with what to say if not */
  readonly run: (form: FormData) => Promise<string>;
  readonly done?: () => void;
  readonly harmful?: boolean;
}

/** A button that asks before it acts, and says what came of it. */
export function ActionButton(
  { label, explains, fields, run, done, harmful = false }: Action,
): ComponentChild {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  const close = () => {
    dialog.current?.close();
    setOpen(false);
    setError(undefined);
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    try {
      const told = await run(new FormData(event.target as HTMLFormElement));
      close();
      say(told);
      done?.();
    } catch (error) {
      setError((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  const title = `${label}?`;
  return h(
    "span",
    null,
    h("button", { type: "button", class: harmful ? "harmful" : "", onClick: () => setOpen(true) }, label),
    open && h(
      "dialog",
      { ref: dialog, "aria-label": title, onClose: close },
      h(
        "form",
        { onSubmit: submit },
        h("h2", null, title),
        h("p", null, explains),
        fields,
        error !== undefined && h("p", { class: "error", role: "alert" }, `✗ ${error}`),
        h(
          "div",
          { class: "buttons" },
          h("button", { type: "submit", class: harmful ? "harmful" : "main", disabled: busy }, label),
          h("button", { type: "button", onClick: close }, "Cancel"),
        ),
      ),
    ),
  );
}
