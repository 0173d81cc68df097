/** Starts the real service with a data folder of its own, and reads its console. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");
const ANYAD = process.env.ANYAD ?? path.join(ROOT, "target/debug/anyad");
/** How long the service may take to start on a machine that is busy otherwise. */
const START_MS = 60_000;

/** Where SoftHSM's module may be. */
const SOFTHSM = ["/usr/lib/softhsm", "/usr/lib/x86_64-linux-gnu/softhsm", "/usr/lib/aarch64-linux-gnu/softhsm"];

/** A token in software that stands for one that is plugged in. */
export type Card = { label: string; pin: string };

/** What the console shows once the box is ready. */
export type Console = {
  /** `https://localhost:<port>`. */
  address: string;
  claimCode: string;
  words: string;
  sha256: string;
};

export class Box {
  readonly console: Console;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #card = "";

  private constructor(child: ChildProcess, folder: string, console: Console) {
    this.#child = child;
    this.#folder = folder;
    this.console = console;
  }

  /** `whole`: with the node and the models, which the claim needs none of. */
  static async start({ whole }: { whole: boolean }): Promise<Box> {
    return Box.#startIn(newFolder(), whole ? parts() : ["--no-bitcoin"]);
  }

  /** With a card plugged in. SoftHSM finds cards that are made while nobody uses it, so it starts twice. */
  static async startWithCard({ label, pin }: Card): Promise<Box> {
    const folder = newFolder();
    const first = await Box.#startIn(folder, ["--no-bitcoin"]);
    await stop(first.#child);
    const own = new Set(readdirSync(first.#tokens));
    execFileSync("softhsm2-util", ["--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", pin], {
      env: { ...process.env, SOFTHSM2_CONF: path.join(folder, "softhsm/softhsm2.conf") },
    });
    const modules = SOFTHSM.map((place) => `{path = "${place}/libsofthsm2.so"}`).join(", ");
    const box = await Box.#startIn(folder, ["--no-bitcoin"], { ANYAD_TOKENS__PKCS11__MODULES: `[${modules}]` });
    box.#card = readdirSync(box.#tokens).find((token) => !own.has(token)) ?? "";
    return box;
  }

  static async #startIn(folder: string, args: string[], env: Record<string, string> = {}): Promise<Box> {
    const child = spawn(ANYAD, ["--data-dir", folder, "--listen", "127.0.0.1:0", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    try {
      return new Box(child, folder, await readConsole(child));
    } catch (error) {
      await stop(child);
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get #tokens(): string {
    return path.join(this.#folder, "softhsm/tokens");
  }

  /** Pulls the card out, for good: SoftHSM does not find it again. */
  pullOutCard(): void {
    rmSync(path.join(this.#tokens, this.#card), { recursive: true });
  }

  /** Stops the service as systemd does, and waits for its end. */
  async stop(): Promise<void> {
    await stop(this.#child);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const newFolder = () => mkdtempSync(path.join(tmpdir(), "anya-e2e-"));

function parts(): string[] {
  const fetch = (what: string, ...args: string[]) =>
    execFileSync(path.join(ROOT, "dev-tools/fetch", what), args, { encoding: "utf8" }).trim();
  const models = process.env.ANYA_TEST_MODELS ?? fetch("models");
  const bitcoind = process.env.ANYA_TEST_BITCOIND ?? fetch("bitcoind", "--cached");
  return ["--models-dir", models, "--bitcoind", bitcoind, "--bitcoind-source", "for the tests"];
}

function readConsole(child: ChildProcess): Promise<Console> {
  return new Promise((resolve, reject) => {
    let out = "";
    let errors = "";
    const late = setTimeout(() => reject(new Error(`anyad is not ready in time:\n${out}\n${errors}`)), START_MS);
    child.stderr?.on("data", (data: Buffer) => (errors = (errors + data.toString()).slice(-4_000)));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`anyad ended with ${code ?? "a signal"}:\n${errors}`)));
    child.stdout?.on("data", (data: Buffer) => {
      out += data.toString();
      const read = (name: RegExp) => name.exec(out)?.[1]?.trim();
      const address = read(/Address: +(\S+)/);
      const claimCode = read(/Claim code: +(\S+)/);
      const words = read(/Certificate: +(.+)/);
      const sha256 = read(/SHA-256 ([0-9A-F:]{95})/);
      if (address && claimCode && words && sha256) {
        clearTimeout(late);
        resolve({ address, claimCode, words, sha256 });
      }
    });
  });
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}
