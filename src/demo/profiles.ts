import type { NewTenant } from "../core/tenants/tenant.ts";

/** A set of resources that serve one purpose; see stacks.ts. */
export type StackId =
  "web" | "data" | "serverless" | "containers" | "analytics" | "ml" | "devices" | "build" | "identity";

export interface Workload {
  application: string;
  team: string;
  costCenter: string;
  environment: "prod" | "staging" | "dev";
  /** Index into the tenant's accounts. */
  account: number;
  stacks: readonly StackId[];
  /** Multiplies amounts; 1 is a small production service. */
  scale: number;
  /** Number of alike resources a part of the stack has. */
  copies: number;
}

export interface DemoAccount {
  id: string;
  name: string;
  /** Set for the account that is opened in the middle of the time covered. */
  opensMidway?: true;
}

/** A demo tenant: who it is and how its inventory is built, before chance fills in the details. */
export interface Profile {
  id: string;
  name: string;
  frameworks: readonly string[];
  zone: string;
  color: string;
  /** The paying account and the one commitments are bought in is the first. */
  accounts: readonly [DemoAccount, ...DemoAccount[]];
  region: string;
  secondRegion: string;
  workloads: readonly Workload[];
  /** Percent a month. */
  growth: number;
  /** Traffic at the weekend as a part of a weekday's. */
  weekend: number;
  /** Negotiated discount on list prices, percent. */
  discount: number;
  /** Tax on the bill, percent. */
  tax: number;
  /** Support plan as a percentage of usage; 0 for none. */
  support: number;
  /** Dollars a day committed to a Compute Savings Plan; 0 for none. */
  savingsPlan: number;
  /** Database instances covered by reserved instances. */
  reserved: number;
  /** Dollars of promotional credit, spent from the first day until it is gone. */
  credits: number;
  /** Security hygiene: the part of all checked resources that fails a check in the beginning. */
  failing: number;
}

const work = (
  application: string,
  [team, costCenter]: readonly [string, string],
  environment: Workload["environment"],
  account: number,
  stacks: readonly StackId[],
  scale: number,
  copies: number,
): Workload => ({ application, team, costCenter, environment, account, stacks, scale, copies });

const HEALTH: Profile = {
  id: "meridian-health",
  name: "Meridian Health (demo)",
  frameworks: ["HIPAA"],
  zone: "America/Chicago",
  color: "#0f766e",
  accounts: [
    { id: "011020300101", name: "meridian-management" },
    { id: "011020300102", name: "meridian-clinical-prod" },
    { id: "011020300103", name: "meridian-portal-prod" },
    { id: "011020300104", name: "meridian-data-prod" },
    { id: "011020300105", name: "meridian-dev" },
    { id: "011020300106", name: "meridian-recovery" },
  ],
  region: "us-east-2",
  secondRegion: "us-west-2",
  workloads: [
    work("clinical-records", ["clinical", "CC-1100"], "prod", 1, ["web", "data", "containers"], 3.2, 4),
    work("imaging-archive", ["clinical", "CC-1100"], "prod", 1, ["data", "serverless"], 4, 3),
    work(
      "patient-portal",
      ["digital", "CC-1200"],
      "prod",
      2,
      ["web", "data", "serverless", "identity"],
      2.2,
      3,
    ),
    work("claims", ["revenue", "CC-1300"], "prod", 3, ["data", "analytics", "serverless"], 2.4, 3),
    work("population-health", ["data", "CC-1400"], "prod", 3, ["analytics", "ml"], 2, 2),
    work("clinical-records", ["clinical", "CC-1100"], "dev", 4, ["web", "data", "build"], 0.7, 2),
    work("disaster-recovery", ["platform", "CC-1900"], "prod", 5, ["data"], 1.5, 2),
  ],
  growth: 1.8,
  weekend: 0.62,
  discount: 9,
  tax: 0,
  support: 5,
  savingsPlan: 150,
  reserved: 6,
  credits: 0,
  failing: 0.2,
};

const FINTECH: Profile = {
  id: "ledgerline",
  name: "Ledgerline Payments (demo)",
  frameworks: ["SOC 2", "PCI DSS 4.0"],
  zone: "America/New_York",
  color: "#1d4ed8",
  accounts: [
    { id: "220130400201", name: "ledgerline-management" },
    { id: "220130400202", name: "ledgerline-payments-prod" },
    { id: "220130400203", name: "ledgerline-cardholder" },
    { id: "220130400204", name: "ledgerline-staging" },
    { id: "220130400205", name: "ledgerline-risk-lab", opensMidway: true },
  ],
  region: "us-east-1",
  secondRegion: "us-west-2",
  workloads: [
    work("payments-api", ["payments", "FIN-10"], "prod", 1, ["web", "containers", "data"], 2.6, 3),
    work("ledger", ["core-banking", "FIN-20"], "prod", 1, ["data", "serverless"], 2.2, 3),
    work("card-vault", ["security", "FIN-30"], "prod", 2, ["web", "data"], 1.2, 2),
    work("merchant-dashboard", ["merchant", "FIN-40"], "prod", 1, ["web", "serverless", "identity"], 1.2, 2),
    work("payments-api", ["payments", "FIN-10"], "staging", 3, ["web", "data", "build"], 0.8, 2),
    work("risk-models", ["risk", "FIN-50"], "dev", 4, ["ml", "analytics"], 2.2, 2),
  ],
  growth: 3.1,
  weekend: 0.74,
  discount: 6,
  tax: 6.25,
  support: 7,
  savingsPlan: 80,
  reserved: 4,
  credits: 0,
  failing: 0.13,
};

const SAAS: Profile = {
  id: "tidewater",
  name: "Tidewater Software (demo)",
  frameworks: ["SOC 2"],
  zone: "Europe/Berlin",
  color: "#7c3aed",
  accounts: [
    { id: "330140500301", name: "tidewater-root" },
    { id: "330140500302", name: "tidewater-prod" },
    { id: "330140500303", name: "tidewater-dev" },
    { id: "330140500304", name: "tidewater-analytics" },
  ],
  region: "us-east-1",
  secondRegion: "eu-central-1",
  workloads: [
    work("workspace", ["product", "TW-01"], "prod", 1, ["web", "containers", "data"], 1.7, 3),
    work("sync-engine", ["platform", "TW-02"], "prod", 1, ["serverless", "data"], 1.8, 2),
    work("assistant", ["ai", "TW-03"], "prod", 1, ["ml", "serverless"], 1.1, 2),
    work("product-analytics", ["growth", "TW-04"], "prod", 3, ["analytics"], 1.2, 2),
    work("workspace", ["product", "TW-01"], "dev", 2, ["web", "build"], 0.7, 2),
  ],
  growth: 4.2,
  weekend: 0.58,
  discount: 0,
  tax: 19,
  support: 10,
  savingsPlan: 40,
  reserved: 2,
  credits: 0,
  failing: 0.18,
};

const STARTUP: Profile = {
  id: "sprout",
  name: "Sprout Robotics (demo)",
  frameworks: ["CIS AWS 1.4"],
  zone: "America/Los_Angeles",
  color: "#15803d",
  accounts: [
    { id: "440150600401", name: "sprout-main" },
    { id: "440150600402", name: "sprout-sandbox" },
  ],
  region: "us-west-2",
  secondRegion: "us-east-1",
  workloads: [
    work("fleet-control", ["robots", "R1"], "prod", 0, ["devices", "serverless", "data"], 0.9, 1),
    work("storefront", ["web", "R2"], "prod", 0, ["web"], 0.5, 1),
    work("vision-lab", ["research", "R3"], "dev", 1, ["ml", "build"], 0.7, 1),
  ],
  growth: 7,
  weekend: 0.8,
  discount: 0,
  tax: 8.5,
  support: 0,
  savingsPlan: 0,
  reserved: 0,
  credits: 15_000,
  failing: 0.34,
};

const GOVERNMENT: Profile = {
  id: "civic-records",
  name: "Civic Records Agency (demo)",
  frameworks: ["FedRAMP Moderate", "NIST 800-53 r5"],
  zone: "America/New_York",
  color: "#b45309",
  accounts: [
    { id: "550160700501", name: "civic-management" },
    { id: "550160700502", name: "civic-records-prod" },
    { id: "550160700503", name: "civic-public-web" },
    { id: "550160700504", name: "civic-test" },
  ],
  region: "us-gov-west-1",
  secondRegion: "us-gov-east-1",
  workloads: [
    work("records", ["records", "GS-101"], "prod", 1, ["web", "data", "identity"], 2.4, 3),
    work("open-data", ["publishing", "GS-102"], "prod", 2, ["web", "serverless", "data"], 1.4, 2),
    work("retention", ["archives", "GS-103"], "prod", 1, ["data", "analytics"], 2, 2),
    work("records", ["records", "GS-101"], "staging", 3, ["web", "data", "build"], 0.5, 1),
  ],
  growth: 0.7,
  weekend: 0.45,
  discount: 4,
  tax: 0,
  support: 5,
  savingsPlan: 70,
  reserved: 4,
  credits: 0,
  failing: 0.1,
};

export const PROFILES: readonly Profile[] = [HEALTH, FINTECH, SAAS, STARTUP, GOVERNMENT];

/** The five demo tenants, marked `demo: true` and named so, ready for `makeTenant`. */
export function demoTenants(): NewTenant[] {
  return PROFILES.map((profile) => ({
    id: profile.id,
    name: profile.name,
    accounts: profile.accounts.map((account) => account.id),
    frameworks: profile.frameworks,
    zone: profile.zone,
    branding: { color: profile.color },
    demo: true,
  }));
}
