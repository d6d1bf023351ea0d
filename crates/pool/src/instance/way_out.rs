use super::start::{Context, StartError, unavailable};
use crate::VersionSpec;
use crate::output::Log;
use egress::{Attached, Policy};
use runtime::report::Event;
use sandbox::{Layer, Sandbox, Tun};

/// The interface that every sandbox gets: it leads nowhere until [`open`].
pub(super) fn interface() -> Tun {
    Tun {
        v4: egress::INSIDE_V4,
        v6: egress::INSIDE_V6,
        mtu: egress::MTU,
        nameserver: egress::RESOLVER.into(),
    }
}

/// Lets out of the sandbox what the function's policy lets out; what it does not is told in its log.
pub(super) fn open(
    context: &Context,
    spec: &VersionSpec,
    sandbox: &mut Sandbox,
    log: &Log,
) -> Result<Option<Attached>, StartError> {
    let Some(device) = sandbox.take_tun() else {
        if spec.egress != Policy::None {
            let report = sandbox.layers().iter().find(|report| report.layer == Layer::Egress);
            let why = report.map_or("no device was made", |report| report.detail.as_str());
            log.tell(&Event::Fault { text: &format!("EGRESS\tThis server has no network to give: {why}") });
        }
        return Ok(None);
    };
    let log = log.clone();
    let tell = move |words: String| log.tell(&Event::Fault { text: &format!("EGRESS\t{words}") });
    match context.egress.attach(device, spec.egress.clone(), tell) {
        Ok(attached) => Ok(Some(attached)),
        Err(error) => Err(unavailable(&format!("the sandbox's way out cannot be served: {error}"))),
    }
}
