use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where this process stands in each hierarchy, as directories it can reach.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// cgroup v1: controller to directory. Controllers mounted together share one.
    pub(crate) v1: BTreeMap<String, PathBuf>,
    pub(crate) v2: Option<Unified>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unified {
    pub(crate) mount: PathBuf,
    pub(crate) own: PathBuf,
}

impl Found {
    /// Reads `/proc/self/mountinfo` and `/proc/self/cgroup`; nothing is found when they cannot be read.
    pub(crate) fn here() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        Found::parse(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup"))
    }

    fn parse(mountinfo: &str, cgroups: &str) -> Self {
        let own_paths: BTreeMap<&str, &str> = cgroups
            .lines()
            .filter_map(|line| {
                let (_, rest) = line.split_once(':')?;
                let (controllers, path) = rest.split_once(':')?;
                Some(controllers.split(',').map(move |controller| (controller, path)))
            })
            .flatten()
            .collect();
        let mut found = Found::default();
        for mount in mountinfo.lines().filter_map(CgroupMount::parse) {
            if mount.unified {
                let own = own_paths.get("").copied().unwrap_or("/");
                found.v2 = Some(Unified { own: mount.directory_of(own), mount: mount.point });
                continue;
            }
            for controller in mount.options.split(',') {
                if let Some(own) = own_paths.get(controller) {
                    found.v1.insert(controller.to_owned(), mount.directory_of(own));
                }
            }
        }
        found
    }
}

struct CgroupMount<'a> {
    unified: bool,
    /// The part of the hierarchy that the mount shows.
    root: &'a str,
    point: PathBuf,
    options: &'a str,
}

impl<'a> CgroupMount<'a> {
    /// A line of `mountinfo`: see proc_pid_mountinfo(5).
    fn parse(line: &'a str) -> Option<Self> {
        let (mount, kind) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        let mut fields = kind.split(' ');
        let unified = match fields.next()? {
            "cgroup" => false,
            "cgroup2" => true,
            _ => return None,
        };
        let options = fields.nth(1).unwrap_or_default();
        Some(CgroupMount { unified, root, point: PathBuf::from(point.replace("\\040", " ")), options })
    }

    /// In a container the mount may show only a part of the hierarchy; then paths start there.
    fn directory_of(&self, own: &str) -> PathBuf {
        match Path::new(own).strip_prefix(self.root) {
            Ok(relative) if !own.contains("..") => self.point.join(relative),
            _ => self.point.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v1_with_own_group_and_joint_controllers() {
        let found = Found::parse(
            "30 20 0:25 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
             31 20 0:26 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
             32 20 0:27 / / rw - ext4 /dev/vda rw\n",
            "4:memory:/a/b\n3:cpu,cpuacct:/\n0::/\n",
        );
        assert_eq!(found.v1["memory"], Path::new("/sys/fs/cgroup/memory/a/b"));
        assert_eq!(found.v1["cpu"], Path::new("/sys/fs/cgroup/cpu,cpuacct"));
        assert_eq!(found.v1["cpuacct"], found.v1["cpu"]);
        assert_eq!(found.v2, None);
    }

    #[test]
    fn v2_in_a_container_without_its_own_namespace() {
        let found = Found::parse(
            "30 20 0:25 /docker/x /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n",
            "0::/docker/x/init\n",
        );
        let unified = found.v2.unwrap();
        assert_eq!(unified.own, Path::new("/sys/fs/cgroup/init"));
        assert_eq!(unified.mount, Path::new("/sys/fs/cgroup"));
    }

    #[test]
    fn v2_outside_what_the_mount_shows() {
        let found = Found::parse("30 20 0:25 / /c rw - cgroup2 cgroup2 rw\n", "0::/../other\n");
        assert_eq!(found.v2.unwrap().own, Path::new("/c"));
    }
}
