/** The Bitcoin node's state in plain words. */
import type { BitcoinStatus } from "../api/types";
import { percent } from "./format";
import type { Tone } from "./tone";

export type Words = { tone: Tone; headline: string; explanation: string };

const CHAINS: Record<BitcoinStatus["chain"], string> = {
  main: "Bitcoin",
  test: "Test network 3",
  testnet4: "Test network 4",
  signet: "Signet, a test network",
  regtest: "Regtest, a private practice chain",
};

/** Whether blocks can be made at will. */
export const canMakeBlocks = (node: BitcoinStatus): boolean => node.chain === "regtest" && node.state === "running";

/** Whether there is nobody to call, which is as it should be. */
export const chainIsPrivate = ({ chain, peers }: BitcoinStatus): boolean =>
  chain === "regtest" && peers.inbound + peers.outbound === 0;

export const chainName = (chain: BitcoinStatus["chain"]): string => CHAINS[chain];

export function nodeWords(node: BitcoinStatus): Words {
  const words = stateWords(node);
  return node.detail === null || node.detail === "" ? words : { ...words, explanation: node.detail };
}

/** What a node that does not run means, and what can be done; null while it runs or is on its way. */
export function nodeTrouble(node: BitcoinStatus): { happened: string; advice: string } | null {
  switch (node.state) {
    case "waiting":
      return {
        happened: nodeWords(node).explanation,
        advice:
          "Nothing has to be done: the box starts it again by itself. Keys, models and everything else work without it, and its chain is kept. If it goes on like this, the logs show what the node said last.",
      };
    case "stopped":
      return {
        happened: nodeWords(node).explanation,
        advice:
          "Look at the logs for what the node said last, and under Storage whether the disk is full. The box goes on trying every few minutes. Keys, models and everything else work without it, and its chain is kept.",
      };
    case "refused":
      return {
        happened: nodeWords(node).explanation,
        advice: "Keys, models and everything else work without it. Put Bitcoin Core in its place, then restart the box.",
      };
    default:
      return null;
  }
}

function stateWords(node: BitcoinStatus): Words {
  switch (node.state) {
    case "off":
      return { tone: "quiet", headline: "Switched off", explanation: "The box is set up without a Bitcoin node." };
    case "starting":
      return { tone: "busy", headline: "Starting", explanation: "This takes a few seconds, longer with a full chain." };
    case "syncing":
      return {
        tone: "busy",
        headline: `Catching up${node.sync_progress === null ? "" : `, ${percent(node.sync_progress, 1)} done`}`,
        explanation: "The node checks every block itself. The first time this takes hours or days; it goes on by itself.",
      };
    case "running":
      return {
        tone: "good",
        headline: "Running",
        explanation:
          node.chain === "regtest" ? "A chain of your own to try things with; its coins have no value." : "Up to date.",
      };
    case "refused":
      return {
        tone: "bad",
        headline: "Not used",
        explanation: "This node program follows other rules than Bitcoin's, so the box does not use it.",
      };
    case "waiting":
      return { tone: "warning", headline: "Stopped, starts again soon", explanation: "The box restarts it by itself." };
    case "stopped":
      return {
        tone: "bad",
        headline: "Stopped",
        explanation: "It ended several times in a row, so the box waits longer before it tries again.",
      };
  }
}

/** "/Satoshi:31.99.0/" as "31.99.0". */
export const versionOf = (version: string | null): string | null =>
  version === null ? null : (/:([^/(]+)/.exec(version)?.[1] ?? version);

const BLOCK_SOURCES: Record<string, string> = {
  zmq: "ZMQ",
  long_poll: "long poll",
};

/** How new blocks become known to the box; null while they do not. */
export function blockSourceWords(sources: readonly string[]): string | null {
  if (sources.length === 0) return null;
  return `told at once (${sources.map((source) => BLOCK_SOURCES[source] ?? source).join(", ")})`;
}

/** At which port nodes of a chain call each other, unless the box is set up otherwise. */
const PORTS: Record<BitcoinStatus["chain"], number> = {
  main: 8333,
  test: 18333,
  testnet4: 48333,
  signet: 38333,
  regtest: 18444,
};

export const usualPort = (chain: BitcoinStatus["chain"]): number => PORTS[chain];

export function rulesWords(rules: BitcoinStatus["rules"]): Words {
  switch (rules.verdict) {
    case "bitcoin":
      return { tone: "good", headline: "Bitcoin’s rules", explanation: rules.reason ?? "It follows the rules of Bitcoin." };
    case "foreign":
      return { tone: "bad", headline: "Other rules", explanation: rules.reason ?? "It follows another chain’s rules." };
    case "unknown":
      return { tone: "quiet", headline: "Not checked yet", explanation: rules.reason ?? "The check runs when it is up." };
  }
}
