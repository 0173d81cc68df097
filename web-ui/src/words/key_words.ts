/** Keys and what they do, in words for people who choose one. */
import type { KeyAlgorithm, SignatureScheme, Token } from "../api/types";

export const ALGORITHMS: Record<KeyAlgorithm, { name: string; use: string }> = {
  p256: { name: "P-256", use: "Fits nearly everything: web, documents, devices" },
  ed25519: { name: "Ed25519", use: "Modern and fast: SSH, software signing" },
  secp256k1: { name: "secp256k1", use: "The kind that Bitcoin uses" },
  rsa2048: { name: "RSA 2048", use: "For older programs; takes longer to make" },
};

const SCHEMES: Record<SignatureScheme, string> = {
  ecdsa_sha256: "ECDSA with SHA-256",
  ed25519: "Ed25519",
  rsa_pkcs1_sha256: "RSA PKCS#1 v1.5 with SHA-256",
  rsa_pss_sha256: "RSA-PSS with SHA-256",
};

export const algorithmName = (algorithm: KeyAlgorithm): string => ALGORITHMS[algorithm].name;
export const schemeName = (scheme: SignatureScheme): string => SCHEMES[scheme];

/** The algorithms that a healthy token offers, in the order of the list above. */
export function offeredAlgorithms(tokens: readonly Token[]): KeyAlgorithm[] {
  const offered = new Set(
    tokens.filter((t) => t.health.state === "healthy").flatMap((t) => t.algorithms.map((a) => a.algorithm)),
  );
  return (Object.keys(ALGORITHMS) as KeyAlgorithm[]).filter((algorithm) => offered.has(algorithm));
}
