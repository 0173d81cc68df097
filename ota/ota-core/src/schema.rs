//! Whether this version can live with the data that it finds.
//!
//! Every version knows the number of the schema that it writes, and the oldest that it still reads. Data
//! carries its own number, and the oldest version of schema whose readers still understand it: a schema
//! **expands** first (new tables and columns, which older readers pass over) and **contracts** a version
//! later. So the version before always reads today's data, and power cuts or a rollback may lead back to it.
//!
//! Nothing is written that the version before cannot read until the new one is marked good. A migration
//! works on a copy-backed file: the copy is what a rollback restores.

use thiserror::Error;

/// What the data says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataSchema {
    /// The schema that it is in.
    pub schema: u32,
    /// The oldest schema whose readers understand it.
    pub readable_by: u32,
}

/// What the running version says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgramSchema {
    /// The schema that it writes.
    pub writes: u32,
    /// The oldest schema that it reads.
    pub reads_from: u32,
}

/// What to do with the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Use it as it is, and leave its schema alone.
    UseAsItIs,
    /// Migrate it, after a copy of it was made.
    Migrate,
    /// Use it as it is; it would be migrated, but there is no room for the copy.
    NoRoom {
        /// How many bytes are missing.
        missing: u64,
    },
}

/// The version cannot read the data. Nothing may be written then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// A newer version wrote it.
    #[error(
        "The data was written by a newer version (schema {schema}). Install that version again; nothing was changed."
    )]
    Newer {
        /// The data's schema.
        schema: u32,
    },
    /// It is too old.
    #[error(
        "The data is of schema {schema}; this version reads it from {reads_from} on. Install a version in between \
         first; nothing was changed."
    )]
    Older {
        /// The data's schema.
        schema: u32,
        /// The oldest that can be read.
        reads_from: u32,
    },
}

/// Decides. `marked_good` says whether the running version was; `size` is that of the data and `room` what
/// is free, in bytes.
///
/// # Errors
/// The data cannot be read, and how to go on.
pub fn plan(
    data: DataSchema,
    program: ProgramSchema,
    marked_good: bool,
    size: u64,
    room: u64,
) -> Result<Plan, Unreadable> {
    if data.schema > program.writes {
        let understood = data.readable_by <= program.writes;
        return if understood { Ok(Plan::UseAsItIs) } else { Err(Unreadable::Newer { schema: data.schema }) };
    }
    if data.schema < program.reads_from {
        return Err(Unreadable::Older { schema: data.schema, reads_from: program.reads_from });
    }
    if data.schema == program.writes || !marked_good {
        return Ok(Plan::UseAsItIs);
    }
    // The copy, and the data itself growing up to twice while it is rewritten.
    let needed = size.saturating_mul(2);
    if room < needed { Ok(Plan::NoRoom { missing: needed - room }) } else { Ok(Plan::Migrate) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn data(schema: u32, readable_by: u32) -> DataSchema {
        DataSchema { schema, readable_by }
    }

    #[test]
    fn data_is_migrated_only_when_the_version_is_good_and_there_is_room() {
        let program = ProgramSchema { writes: 7, reads_from: 6 };
        for (found, good, room, expected) in [
            (data(7, 6), true, 0, Ok(Plan::UseAsItIs)),
            (data(6, 5), false, 1000, Ok(Plan::UseAsItIs)),
            (data(6, 5), true, 200, Ok(Plan::Migrate)),
            (data(6, 5), true, 199, Ok(Plan::NoRoom { missing: 1 })),
            // Expanded by a newer version: the one before still reads it.
            (data(8, 7), true, 1000, Ok(Plan::UseAsItIs)),
            (data(9, 8), true, 1000, Err(Unreadable::Newer { schema: 9 })),
            (data(5, 4), true, 1000, Err(Unreadable::Older { schema: 5, reads_from: 6 })),
        ] {
            assert_eq!(plan(found, program, good, 100, room), expected, "{found:?}");
        }
        assert!(matches!(plan(data(6, 5), program, true, u64::MAX, u64::MAX), Ok(Plan::Migrate)));
    }

    proptest! {
        #[test]
        fn the_version_before_reads_what_the_next_one_migrated(schema in 1_u32..1000, size: u64, room: u64) {
            // The rule for schemas: each is readable by the one before.
            let before = ProgramSchema { writes: schema, reads_from: schema.saturating_sub(1) };
            let after = ProgramSchema { writes: schema + 1, reads_from: schema };
            if plan(data(schema, schema - 1), after, true, size, room) == Ok(Plan::Migrate) {
                let migrated = data(schema + 1, schema);
                prop_assert_eq!(plan(migrated, before, true, size, room), Ok(Plan::UseAsItIs));
            }
        }

        #[test]
        fn before_it_is_good_nothing_is_migrated(schema: u32, by: u32, writes: u32, from: u32, size: u64, room: u64) {
            let program = ProgramSchema { writes, reads_from: from };
            let decided = plan(data(schema, by), program, false, size, room);
            let migrates = matches!(decided, Ok(Plan::Migrate | Plan::NoRoom { .. }));
            prop_assert!(!migrates);
        }
    }
}
