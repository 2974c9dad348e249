//! The operator from afar: an order of the console, by the token of an account that owns the server. What it may do, and what is
//! remembered of it, is as with one from the server's own machine; what makes secrets is not among it.

use std::{sync::Arc, time::Instant};

use axum::{
    Json,
    extract::{Request, State},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use chat_protocol::{ErrorCode, Refusal};

use super::{
    api,
    error::{self, Refused},
    shown,
};
use crate::{
    admin::{Order, Running},
    auth::Credential,
    limits,
    metrics::Reason,
    office::Hand,
    realm::rights::Standing,
    services::Services,
};

/// Carries an order out.
pub(super) async fn order(
    State(services): State<Arc<Services>>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Refused> {
    api::same_site(&services, &headers)?;
    let Credential::Account(pass) = shown::credential(&services, &headers, None) else { return Err(error::no_credential()) };
    let who = services.member(pass).ok_or_else(error::no_credential)?;
    if services.realm().standing(who.author.account_id(), None) < Standing::Operator {
        return Err(Refusal::new(ErrorCode::Forbidden, "Only owners of the server may do that").into());
    }
    let wait = services.admission.ask(None, who.author.account_id(), Instant::now(), limits::cost_of_request(false));
    if !wait.is_zero() {
        services.refused(Reason::RateLimited, None);
        return Err(Refused::too_soon("Too much at once from your account: wait a moment", wait));
    }
    let order: Order = api::posted(&headers, request.into_body()).await?;
    if !order.is_for_afar() {
        return Err(Refusal::new(ErrorCode::Forbidden, "That is ordered on the server's own machine").into());
    }
    let running = Running { url: "".into(), services };
    Ok(Json(running.perform(order, &Hand::of(&who)?).await).into_response())
}
