"""The survey page as HTML: accessible, without scripts, from 320 pixels on."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from domain.surveys.texts import SCORES, TEXTS, SurveyTexts
from domain.workstreams.conversation_settings import Question

MAX_COMMENT_UTF16_UNITS = 2000
"""The longest comment, in UTF-16 code units: what a browser counts by."""

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #4b4f56; --paper: #fff; --ground: #f0f2f5;
  --line: #6b7078; --strong: #0b57d0; --on-strong: #fff; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #f1f3f4; --soft: #c7cbd1; --paper: #1f2124;
  --ground: #121315; --line: #9aa0a6; --strong: #a8c7fa; --on-strong: #0b1e3f; --bad: #f2b8b5; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1.0625rem/1.5 system-ui, sans-serif; }
main { max-width: 36rem; margin: 0 auto; padding: 1rem; }
.card { background: var(--paper); border-radius: .75rem; padding: 1.25rem; overflow-wrap: anywhere; }
.from { margin: 0 0 .75rem; color: var(--soft); }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; }
fieldset { border: 0; margin: 0 0 1.25rem; padding: 0; min-width: 0; }
legend, .label { display: block; padding: 0; font-weight: 600; }
.hint { margin: .25rem 0 .5rem; color: var(--soft); font-size: 1rem; }
.scores { display: grid; gap: .5rem; margin-top: .5rem; }
.numbers { grid-template-columns: repeat(auto-fill, minmax(4.25rem, 1fr)); }
.score { display: flex; align-items: center; gap: .5rem; min-height: 2.75rem; padding: .25rem .75rem;
  border: 1px solid var(--line); border-radius: .5rem; cursor: pointer; }
.score:has(:checked) { border-color: var(--strong); box-shadow: inset 0 0 0 1px var(--strong); }
input[type=radio] { width: 1.25rem; height: 1.25rem; margin: 0; flex: none; accent-color: var(--strong); }
textarea { display: block; width: 100%; min-height: 7rem; padding: .625rem; font: inherit; color: inherit;
  background: var(--paper); border: 1px solid var(--line); border-radius: .5rem; resize: vertical; }
button { width: 100%; min-height: 3rem; margin-top: 1.25rem; padding: .5rem 1rem; font: inherit;
  font-weight: 600; color: var(--on-strong); background: var(--strong); border: 0; border-radius: .5rem;
  cursor: pointer; }
:focus-visible, .score:focus-within { outline: 3px solid var(--strong); outline-offset: 2px; }
.score :focus-visible { outline: 0; }
.problem { margin: 0 0 1rem; padding: .75rem; border: 2px solid var(--bad); border-radius: .5rem;
  color: var(--bad); font-weight: 600; }
.note { margin: 0 0 1rem; padding: .75rem; border-left: .25rem solid var(--line); }
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Robots-Tag": "noindex, nofollow",
}


@dataclass(frozen=True, slots=True)
class Form:
    """What the form shows: what is asked, in whose name, and what was filled in before an error."""

    language: str
    page_name: str
    question: Question
    late: bool = False
    score: str | None = None
    comment: str = ""
    problem: str | None = None


def form_page(form: Form) -> str:
    """The question with its scores, a comment, and a button. It posts to its own address."""
    texts = TEXTS[form.language]
    parts = [f'<p class="from">{escape(form.page_name)}</p>', f"<h1>{escape(texts.page_title)}</h1>"]
    if form.problem:
        message = f"{form.problem} {texts.not_saved}"
        parts.append(f'<p class="problem" role="alert" id="problem">{escape(message)}</p>')
    if form.late:
        parts.append(f'<p class="note">{escape(texts.late)}</p>')
    parts.append('<form method="post" accept-charset="utf-8">')
    if SCORES[form.question]:
        parts.extend(_scores(form, texts))
    parts.extend(_comment(form, texts))
    parts.append(f'<button type="submit">{escape(texts.send)}</button></form>')
    return _page(form.language, f"{texts.page_title} | {form.page_name}", parts)


def message_page(language: str, heading: str, text: str, page_name: str | None = None) -> str:
    """A page that only says something."""
    sender = [f'<p class="from">{escape(page_name)}</p>'] if page_name else []
    return _page(language, heading, [*sender, f"<h1>{escape(heading)}</h1>", f"<p>{escape(text)}</p>"])


def _scores(form: Form, texts: SurveyTexts) -> Iterator[str]:
    scale = texts.scale(form.question)
    described = [name for name, there in (("problem", form.problem), ("scale", scale)) if there]
    attribute = f' aria-describedby="{" ".join(described)}"' if described else ""
    yield f"<fieldset{attribute}><legend>{escape(texts.questions[form.question])}</legend>"
    if scale:
        unbroken = escape(scale).replace(" = ", "&nbsp;=&nbsp;")
        yield f'<p class="hint" id="scale">{unbroken}</p>'
    yield f'<div class="scores{" numbers" if scale else ""}">'
    for score in SCORES[form.question]:
        checked = " checked" if form.score == str(score) else ""
        name = escape(texts.score(form.question, score))
        yield (
            f'<label class="score" for="score-{score}"><input type="radio" id="score-{score}" name="score" '
            f'value="{score}" required{checked}><span>{name}</span></label>'
        )
    yield "</div></fieldset>"


def _comment(form: Form, texts: SurveyTexts) -> Iterator[str]:
    alone = not SCORES[form.question]
    label = texts.questions[form.question] if alone else texts.comment
    described = ["hint"] if not alone else ["problem"] if form.problem else []
    attribute = f' aria-describedby="{" ".join(described)}"' if described else ""
    yield f'<label class="label" for="comment">{escape(label)}</label>'
    if not alone:
        hint = texts.comment_hint.format(limit=MAX_COMMENT_UTF16_UNITS)
        yield f'<p class="hint" id="hint">{escape(hint)}</p>'
    # HTML drops one line break right after the opening tag, so one of ours comes before the customer's.
    yield (
        f'<textarea id="comment" name="comment" maxlength="{MAX_COMMENT_UTF16_UNITS}"'
        f"{' required' if alone else ''}{attribute}>\n{escape(form.comment)}</textarea>"
    )


def _page(language: str, title: str, parts: list[str]) -> str:
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex, nofollow">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f'<body><main><div class="card">{"".join(parts)}</div></main></body></html>\n'
    )
