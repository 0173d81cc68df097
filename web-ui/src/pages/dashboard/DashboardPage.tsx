import { PageTitle } from "../../parts/PageTitle";
import { HardwareTile } from "./HardwareTile";
import { HealthTile } from "./HealthTile";
import { KeysTile } from "./KeysTile";
import { ModelsTile } from "./ModelsTile";
import { NodeTile } from "./NodeTile";
import { OverallStatus } from "./OverallStatus";
import { SoftwareTile } from "./SoftwareTile";
import { StorageNews } from "./StorageNews";
import { StorageTile } from "./StorageTile";

/** The whole box at a glance, live. */
export function DashboardPage() {
  return (
    <>
      <PageTitle>Overview</PageTitle>
      <OverallStatus />
      <StorageNews />
      <div className="tiles">
        <KeysTile />
        <ModelsTile />
        <HardwareTile />
        <SoftwareTile />
        <NodeTile />
        <StorageTile />
        <HealthTile />
      </div>
    </>
  );
}
