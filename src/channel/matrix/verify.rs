//! Verification by emoji, asked for by an administrateur.
//!
//! Whoever asks compares the seven emoji on his screen with those in Greffier's log, and confirms or cancels on his side:
//! so he, and everybody who has verified him, sees Greffier as verified. Greffier itself draws nothing from it.

use std::time::Duration;

use matrix_sdk::Client;
use matrix_sdk::encryption::verification::{
    SasState, SasVerification, Verification, VerificationRequest, VerificationRequestState,
};
use matrix_sdk::ruma::UserId;
use matrix_sdk::ruma::events::key::verification::request::ToDeviceKeyVerificationRequestEvent;
use matrix_sdk::ruma::events::room::message::{MessageType, OriginalSyncRoomMessageEvent};

/// How long a verification may take.
const PATIENCE: Duration = Duration::from_mins(5);
/// Time between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(400);
/// Looks until Greffier proposes the emoji itself.
const PROPOSE: u32 = 10;

/// Answers verification requests of `administrateurs`.
pub(super) fn answer(client: &Client, administrateurs: &[String]) {
    let allowed = administrateurs.to_vec();
    client.add_event_handler({
        let allowed = allowed.clone();
        move |event: ToDeviceKeyVerificationRequestEvent, client: Client| {
            let allowed = allowed.clone();
            async move {
                begin(
                    &client,
                    &allowed,
                    &event.sender,
                    event.content.transaction_id.as_str(),
                )
                .await;
            }
        }
    });
    client.add_event_handler(move |event: OriginalSyncRoomMessageEvent, client: Client| {
        let allowed = allowed.clone();
        async move {
            if let MessageType::VerificationRequest(_) = &event.content.msgtype {
                begin(&client, &allowed, &event.sender, event.event_id.as_str()).await;
            }
        }
    });
}

async fn begin(client: &Client, allowed: &[String], sender: &UserId, flow: &str) {
    if client.user_id() == Some(sender) {
        return;
    }
    if !allowed.iter().any(|id| id == sender.as_str()) {
        tracing::info!(
            "A verification was asked for by somebody who is not in matrix.administrateurs: left unanswered"
        );
        return;
    }
    let request = client
        .encryption()
        .get_verification_request(sender, flow)
        .await;
    if let Some(request) = request {
        tokio::spawn(async move {
            if tokio::time::timeout(PATIENCE, follow(&request))
                .await
                .is_err()
            {
                tracing::warn!("A verification of Greffier’s device was not finished in time");
                // It ends by itself on the other side as well.
                let _ended = request.cancel().await;
            }
        });
    }
}

async fn follow(request: &VerificationRequest) {
    if request.accept().await.is_err() {
        return;
    }
    for look in 0.. {
        match request.state() {
            VerificationRequestState::Transitioned { verification, .. } => {
                if let Verification::SasV1(sas) = verification {
                    by_emoji(&sas).await;
                }
                return;
            }
            VerificationRequestState::Done | VerificationRequestState::Cancelled(_) => return,
            VerificationRequestState::Ready { .. } if look == PROPOSE => {
                if let Ok(Some(sas)) = request.start_sas().await {
                    by_emoji(&sas).await;
                    return;
                }
            }
            _ => {}
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn by_emoji(sas: &SasVerification) {
    if !sas.we_started() && sas.accept().await.is_err() {
        return;
    }
    let mut confirmed = false;
    loop {
        match sas.state() {
            SasState::KeysExchanged { emojis, .. } if !confirmed => {
                let shown = emojis.map_or_else(String::new, |seven| {
                    let names = seven
                        .emojis
                        .iter()
                        .map(|emoji| format!("{} {}", emoji.symbol, emoji.description));
                    names.collect::<Vec<_>>().join(", ")
                });
                tracing::warn!(
                    "Verification of Greffier’s Matrix device: the administrateur must see {shown}; he cancels if he sees others"
                );
                if sas.confirm().await.is_err() {
                    return;
                }
                confirmed = true;
            }
            SasState::Done { .. } => {
                tracing::info!("Greffier’s Matrix device is verified by an administrateur");
                return;
            }
            SasState::Cancelled(_) => {
                tracing::warn!("The verification of Greffier’s Matrix device was cancelled");
                return;
            }
            _ => {}
        }
        tokio::time::sleep(LOOK).await;
    }
}
