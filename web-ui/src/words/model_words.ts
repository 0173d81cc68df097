/** An AI model's state in plain words. */
import type { Device, Model } from "../api/types";
import type { Words } from "./node_words";
import { number } from "./format";

export function modelWords(state: Model["state"]): Words {
  switch (state.state) {
    case "absent":
      return {
        tone: "warning",
        headline: "Not on this box",
        explanation: "Its files are missing. Run the box’s installation again to fetch them.",
      };
    case "on_disk":
      return {
        tone: "quiet",
        headline: "Sleeping",
        explanation: "It is loaded into memory when first used, which takes a few seconds.",
      };
    case "loading":
      return { tone: "busy", headline: "Loading", explanation: "It is being loaded into memory." };
    case "ready":
      return { tone: "good", headline: "Ready", explanation: "It is in memory and answers at once." };
    case "failed":
      return { tone: "bad", headline: "Could not be loaded", explanation: state.reason };
  }
}

/** What a model is for. */
export function modelPurpose(kind: Model["kind"]): string {
  return kind === "chat" ? "Writes answers" : "Finds texts of like meaning";
}

/** 134 515 008 weights as "135 million weights". */
export function modelSize(parameters: number): string {
  return parameters >= 1e9 ? `${number(parameters / 1e9, 1)} billion weights` : `${number(parameters / 1e6)} million weights`;
}

const DEVICE_KINDS: Record<Device["kind"], string> = {
  cpu: "Processor",
  discrete_gpu: "Graphics card",
  integrated_gpu: "Built-in graphics",
  virtual_gpu: "Virtual graphics",
  software: "Software, runs on the processor",
  other: "Other device",
};

export const deviceKind = (kind: Device["kind"]): string => DEVICE_KINDS[kind];
