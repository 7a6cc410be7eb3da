//! What a channel has to say of itself.

use super::draft::Draft;
use super::{App, Error};
use crate::message::{Body, Outgoing, Post, Remark, Remarked};
use crate::store::Store;
use crate::template::{Answer, Audience};

impl<S: Store> App<S> {
    /// Words a remark. It speaks of no dossier.
    pub(super) fn remark(&self, draft: &mut Draft<'_, S>, remark: &Remark) -> Result<(), Error> {
        let answer = match remark.what {
            Remarked::NoKey => Answer::Unreadable { unverified: false },
            Remarked::Unverified => Answer::Unreadable { unverified: true },
            Remarked::EditedTooLate => Answer::EditedTooLate,
            Remarked::FileUnread => Answer::FileUnread,
            Remarked::FileInfected => Answer::FileInfected,
            Remarked::Outsiders => Answer::Outsiders,
            Remarked::PutOut => Answer::PutOut,
            Remarked::Hindered => Answer::Hindered,
            Remarked::TooLate => Answer::TooLate,
            Remarked::Missed => Answer::Missed,
            Remarked::Withheld => Answer::Withheld,
        };
        let post = Post {
            text: self
                .templates
                .answer_to(&answer, Audience::Instructeur, None)?,
            direct: remark.direct,
            answers: remark.answers.clone(),
            alert: matches!(
                remark.what,
                Remarked::Outsiders | Remarked::PutOut | Remarked::Hindered | Remarked::TooLate
            ),
            open: true,
            ..Post::default()
        };
        draft.send(Outgoing {
            to: remark.to.clone(),
            body: Body::Post(post),
        });
        Ok(())
    }
}
