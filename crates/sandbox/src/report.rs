use crate::control::{MountPoint, Order};
use crate::create::{ask, judge};
use crate::{CpuSpec, Host, IsolationReport, Layer, LayerReport, LayerState, RootSpec, Spec, Tun, mount};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;

/// Makes a sandbox that may lack anything, looks at what it got, and removes it.
pub(crate) fn try_out(host: &Host) -> IsolationReport {
    let anything = BTreeSet::from(Layer::ALL);
    let layers = match host.create(&trial(host.0.options.clock.random_token(12)), &anything) {
        Err(error) => {
            let missing = |layer| LayerReport {
                layer,
                state: LayerState::Missing,
                detail: format!("no sandbox can be made here: {error}"),
            };
            Layer::ALL.into_iter().map(missing).collect()
        }
        Ok(mut created) => {
            let late = bind_late(host, &created).map_err(|error| error.to_string());
            // Nothing is demanded here, so this is never an error.
            created.layers.extend(judge(Layer::LateBind, late, &anything));
            let layers = std::mem::take(&mut created.layers);
            if let Err(error) = created.guard.run() {
                tracing::error!(%error, "the trial sandbox could not be removed");
            }
            layers
        }
    };
    IsolationReport { layers, cgroup: host.0.group.version(), privileged: host.0.privileged }
}

fn bind_late(host: &Host, created: &crate::create::Created) -> std::io::Result<String> {
    let mount = mount::clone_tree(&host.0.staging, true)
        .map_err(|error| std::io::Error::new(error.kind(), format!("binds only at creation: {error}")))?;
    let point = MountPoint { target: "/var/task".into(), directory: true };
    let order = Order::Bind { points: vec![point], links: Vec::new() };
    ask(&created.control, order, &[mount.as_fd()])?;
    Ok("by a detached mount".into())
}

fn trial(token: String) -> Spec {
    Spec {
        id: format!("trial-{token}"),
        root: RootSpec { host_os: true, ..RootSpec::default() },
        tmp_bytes: 16 << 20,
        memory_bytes: 64 << 20,
        cpu: CpuSpec::default(),
        pids_max: 16,
        nofile: 64,
        hostname: "trial".into(),
        listen: Vec::new(),
        host_names: Vec::new(),
        tun: Some(Tun {
            v4: Ipv4Addr::new(192, 0, 0, 2),
            v6: Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2),
            mtu: 1500,
            nameserver: Ipv4Addr::new(192, 0, 0, 1).into(),
        }),
    }
}
