//! What the failures of updates are to a client.

use appliance_core::update::UpdateError;

use super::{Problem, Slug};

impl From<UpdateError> for Problem {
    fn from(error: UpdateError) -> Self {
        match error {
            UpdateError::Unsupported => {
                let detail = "This machine takes no updates: the box does not run from its own image here.";
                Self::new(Slug::UpdatesUnsupported, detail)
            }
            UpdateError::Busy(what) => Self::new(Slug::UpdateUnderWay, what),
            UpdateError::NotNow(why) => {
                Self::new(Slug::Conflict, why).with_next("GET /api/v1/updates tells what can be done now.")
            }
            UpdateError::Refused(problem) => {
                Self::new(Slug::UpdateRefused, problem.text).with_reason(problem.code)
            }
            UpdateError::Invalid(error) => Self::field(error.field, error.problem),
            UpdateError::NotKept(error) => error.into(),
            UpdateError::Failed { operation, .. } => Self::internal(operation, &error),
        }
    }
}
