import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Icon } from "../../parts/Icon";
import { Known } from "../../parts/Known";
import { number } from "../../words/format";

/** Whether the record of actions is as it was written. */
export function RecordVerification() {
  const verification = useResource(boxState.auditVerification);
  return (
    <Known of={verification} what="Checking that the record was not changed">
      {({ intact, entries, first_broken }) =>
        intact ? (
          <p className="note note-good">
            <Icon name="good" />
            <span>
              The record is complete and unchanged: {number(entries)} {entries === 1 ? "entry" : "entries"}, each bound
              to the one before.
            </span>
          </p>
        ) : (
          <div className="note note-bad" role="alert">
            <Icon name="bad" />
            <div>
              <strong>The record was changed from outside</strong>
              <p>
                {first_broken === null ? "It does not fit together." : `From entry ${number(first_broken)} on it does not fit together.`}{" "}
                Somebody or something altered the box’s data folder. Keep a copy of that folder, check who has access to
                the machine, and do not trust entries from there on.
              </p>
            </div>
          </div>
        )
      }
    </Known>
  );
}
