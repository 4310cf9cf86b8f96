import { currentPreferences } from "../store/preferences";

/** At most one sound in so long, over all tabs of a browser. */
const QUIET_MILLISECONDS = 3_000;
const TONES_HERTZ = { offer: [660, 880], message: [520] } as const;
const TONE_SECONDS = 0.14;
const LOUDNESS = 0.15;

let context: AudioContext | null = null;
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) {
    listener();
  }
}

/** Whether this page may be heard: browsers allow it after somebody has pressed something in it. */
export function canSound(): boolean {
  return context?.state === "running";
}

export function onSoundState(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Ask the browser to let the page be heard. It does so where somebody has just pressed something. */
export async function turnSoundOn(): Promise<void> {
  if (context === null) {
    context = new AudioContext();
    context.addEventListener("statechange", tell);
  }
  await context.resume();
  tell();
}

/** Sound, unless it is switched off, cannot be, or another tab has just sounded. */
export async function sound(kind: keyof typeof TONES_HERTZ): Promise<void> {
  if (!currentPreferences().sounds || !canSound()) {
    return;
  }
  await navigator.locks.request("pagedesk-sound", { ifAvailable: true }, async (lock) => {
    if (lock !== null) {
      play(TONES_HERTZ[kind]);
      await new Promise((resolve) => setTimeout(resolve, QUIET_MILLISECONDS));
    }
  });
}

function play(tones: readonly number[]): void {
  if (context === null) {
    return;
  }
  for (const [place, hertz] of tones.entries()) {
    const begins = context.currentTime + place * TONE_SECONDS;
    const tone = new OscillatorNode(context, { frequency: hertz });
    const volume = new GainNode(context, { gain: LOUDNESS });
    volume.gain.setValueAtTime(LOUDNESS, begins);
    volume.gain.exponentialRampToValueAtTime(0.001, begins + TONE_SECONDS);
    tone.connect(volume).connect(context.destination);
    tone.start(begins);
    tone.stop(begins + TONE_SECONDS);
  }
}

// The first press anywhere is enough.
globalThis.document?.addEventListener("pointerdown", () => void turnSoundOn(), { once: true });
globalThis.document?.addEventListener("keydown", () => void turnSoundOn(), { once: true });
