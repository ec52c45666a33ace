// A simulator for tests: `replay serve` in a process of its own, steered over its control calls.
// The program is `replay` on PATH, or what the environment variable REPLAY names.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const PATIENCE = 30_000; // milliseconds to begin or to end: CI machines stall
const BREAKS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const SHOWN = 8; // of each kind of thing that a diagnosis tells

export class Simulator {
  #process;
  #ended; // promise of how it ended, in words; it is '' where all is well
  #asked = false; // to end
  #dead = '';
  #errors = '';

  /**
   * Serves scenarios on a free port. Rejects with the server's own words if it cannot.
   * @param {string[]} files scenarios; none: those that come with the package
   * @param {string[]} flags more of `replay serve --help`, such as ['--preset', 'flaky']
   */
  static async start(files = [], flags = []) {
    const simulator = new Simulator();
    await simulator.#begin([...files, '--port', '0', '--print-url', '--speed', 'max', ...flags]);
    return simulator;
  }

  async #begin(words) {
    const program = process.env.REPLAY || 'replay';
    this.#process = spawn(program, ['serve', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    const stay = endWith(this.#process);
    this.#process.stderr.setEncoding('utf8').on('data', (text) => { this.#errors += text; });
    this.#ended = new Promise((resolve) => {
      this.#process.once('error', ({ message }) => resolve(
        `${program} does not start (${message}): pip install gws-replay, or name the program in REPLAY`));
      this.#process.once('close', (code, signal) => {
        const well = code === 0 || (this.#asked && signal === 'SIGTERM');
        resolve(well ? '' : `replay serve ended with ${signal ?? code}:\n${this.#errors.trimEnd()}`);
      });
    }).then((words) => {
      stay();
      this.#dead = words || `replay serve has ended:\n${this.#errors.trimEnd()}`;
      return words;
    });

    const listens = new Promise((resolve) => {
      createInterface(this.#process.stdout).once('line', resolve);
    });
    this.url = await within(PATIENCE, Promise.race([listens, this.#ended.then(() => '')]));
    if (this.url) return;
    if (this.url === '') throw new Error(this.#dead);
    this.#process.kill('SIGKILL');
    await this.#ended;
    throw new Error(`replay serve does not listen after ${PATIENCE} ms:\n${this.#errors.trimEnd()}`);
  }

  /** Ends the server, and waits for it. */
  async stop() {
    this.#asked = true;
    this.#process.kill('SIGTERM');
    const words = await within(PATIENCE, this.#ended);
    if (words === undefined) this.#process.kill('SIGKILL');
    if (words !== '') throw new Error(words ?? `replay serve did not end:\n${this.#errors}`);
  }

  /** Makes a control call: everything that docs/control.md has. */
  async control(method, path, body) {
    const json = body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
    const signal = AbortSignal.timeout(PATIENCE);
    let response;
    try {
      response = await fetch(`${this.url}/__replay/${path}`, { method, signal, ...json });
    } catch (error) {
      await within(1_000, this.#ended); // the server may be ending
      throw new Error(this.#dead || `${method} /__replay/${path}: ${error.cause ?? error}`);
    }
    const text = await response.text();
    if (response.ok) return text;
    const { what, help } = JSON.parse(text).error;
    throw new Error(`${what}. ${help}`);
  }

  /** Forgets agents, journal and the faults that were put up: each test begins with it. */
  reset = () => this.control('POST', 'reset');

  /** Puts up a fault, a list of them, or a preset. `await rule.off()` takes it down, `struck()` counts. */
  async fault(fault) {
    const { faults } = JSON.parse(await this.control('POST', 'faults', fault));
    const each = (method) => Promise.all(
      faults.map(({ name }) => this.control(method, `faults/${encodeURIComponent(name)}`)),
    );
    return {
      off: () => each('DELETE'),
      struck: async () => (await each('GET')).reduce((sum, text) => sum + JSON.parse(text).faults[0].struck, 0),
    };
  }

  /** Tells an event: {channel, data}, or {step}; to everybody, or to {agent}. */
  push = async (event) => JSON.parse(await this.control('POST', 'events', event)).told;

  /** What happened, such as `kind=request`. */
  async journal(query = '') {
    const lines = await this.control('GET', `journal?${query}`);
    return lines.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  /** Requests that were no step, each with `why`: what to change. */
  misses = async () => JSON.parse(await this.control('GET', 'misses')).misses;

  /** What the scenarios' `expect:` asks for, or `step=accept&times=1`: a list of {expected, met, why}. */
  expectations = async (query = '') => JSON.parse(await this.control('GET', `expectations?${query}`)).expectations;

  /** What was wrong, a line each: requests that were no step, and what was expected and has not been. */
  async wrong() {
    const missed = (await this.misses()).map(({ request, why }) => `${request}: ${why}`);
    const unmet = (await this.expectations()).filter(({ met }) => !met).map(({ why }) => why);
    return some([...missed, ...unmet]);
  }

  /** What a failed test prints: what was wrong, and who waits for what. */
  async diagnosis() {
    try {
      const { agents } = JSON.parse(await this.control('GET', 'agents'));
      const waits = agents.map(({ agent, waits_for: what }) => `${agent}: ${what}`);
      const wrong = await this.wrong();
      return (wrong && `${wrong}\n`) + (some(waits) || 'nobody has come to the simulator');
    } catch ({ message }) {
      return message; // of a server that has ended: its own words
    }
  }

  /**
   * Runs the body of a test on a simulator that knows nobody yet. If it fails, or if something was
   * wrong all the same, the error begins with what the server says.
   */
  async watch(body) {
    await this.reset();
    try {
      await body(this);
    } catch (error) {
      throw new Error(`${await this.diagnosis()}\n\n${error.message}`, { cause: error });
    }
    const wrong = await this.wrong();
    if (wrong) throw new Error(wrong);
  }
}

function some(lines) {
  const more = lines.length > SHOWN ? [`… and ${lines.length - SHOWN} more`] : [];
  return [...lines.slice(0, SHOWN), ...more].join('\n');
}

/** A test run that breaks off leaves no server behind. Returns what makes an end of that. */
function endWith(child) {
  const kill = () => child.kill();
  const raise = (name) => {
    kill();
    stay();
    process.kill(process.pid, name); // what it does without us
  };
  const stay = () => {
    process.off('exit', kill);
    for (const name of BREAKS) process.off(name, raise);
  };
  process.on('exit', kill);
  for (const name of BREAKS) process.on(name, raise);
  return stay;
}

/** What a promise comes to, or undefined after so many milliseconds. */
async function within(milliseconds, promise) {
  let timer;
  const late = new Promise((resolve) => { timer = setTimeout(resolve, milliseconds); });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
