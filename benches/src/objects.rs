//! Objects against the raw disk: small ones by many clients, a large one by one.

use crate::{
    Context, Result,
    client::Connection,
    disk,
    fixture::Zerun,
    invoke::compare,
    sample::{Sample, clients},
    sign,
    table::{ms, print, ratio_of},
};

const CLIENTS: usize = 16;
const SMALL: &[u8] = &[b'z'; 1024];
const PIECE: usize = 1 << 20;
const PIECES: usize = 1 << 10;
const LARGE_ROUNDS: usize = 3;

/// # Errors
/// A server that does not start, any request that fails, or the disk's.
pub fn run(context: &Context) -> Result<()> {
    let zerun = Zerun::start(context, &context.disk.join("objects"))?;
    zerun.connect()?.send(&zerun.request("s3", "PUT", "/bench", b""), &mut Vec::new())?;
    small(context, &zerun)?;
    large(context, &zerun)
}

fn small(context: &Context, zerun: &Zerun) -> Result<()> {
    let raw = disk::directory(context, "raw")?;
    let hash = sign::sha256(SMALL);
    let their_puts = clients(context, CLIENTS, |client| {
        let raw = raw.clone();
        Ok(move |step| disk::write_durably(&raw.join(format!("{client}-{step}")), std::iter::once(SMALL)))
    })?;
    let hash = hash.as_str();
    let our_puts = clients(context, CLIENTS, |client| {
        let (mut connection, mut body) = (zerun.connect()?, Vec::new());
        Ok(move |step| {
            let mut request =
                zerun.head("s3", "PUT", &format!("/bench/{client}-{step}"), SMALL.len() as u64, hash);
            request.extend_from_slice(SMALL);
            connection.send(&request, &mut body)
        })
    })?;
    let their_gets = clients(context, CLIENTS, |client| {
        let (path, mut buffer) = (raw.join(format!("{client}-0")), vec![0; 4096]);
        Ok(move |_| expect(SMALL.len() as u64, disk::read(&path, &mut buffer)?))
    })?;
    let our_gets = clients(context, CLIENTS, |client| {
        let (mut connection, mut body) = (zerun.connect()?, Vec::new());
        let request = zerun.request("s3", "GET", &format!("/bench/{client}-0"), b"");
        Ok(move |_| {
            connection.send(&request, &mut body)?;
            expect(SMALL.len() as u64, body.len() as u64)
        })
    })?;
    let mut rows = compare("put 1 KiB", &our_puts, &their_puts);
    rows.extend(compare("get 1 KiB", &our_gets, &their_gets));
    print(
        &format!("1 KiB objects, {CLIENTS} clients, {} s each", context.seconds),
        &["", "zerun (signed HTTP)", "raw disk (create, write, fsync, fsync directory; read)", "ratio"],
        &rows,
        &[&format!(
            "the load generator itself took {} of processor time a put, {} a get",
            ms(our_puts.client_cpu),
            ms(our_gets.client_cpu)
        )],
    )
}

fn large(context: &Context, zerun: &Zerun) -> Result<()> {
    let raw = disk::directory(context, "raw")?.join("large");
    let piece = vec![b'z'; PIECE];
    let length = (PIECE * PIECES) as u64;
    let hash = {
        let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        (0..PIECES).for_each(|_| digest.update(&piece));
        hex::encode(digest.finish())
    };
    let (mut puts, mut gets, mut writes, mut reads) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut body, mut buffer) = (Vec::new(), vec![0; PIECE]);
    for _ in 0..LARGE_ROUNDS {
        writes
            .push(disk::timed(context, || disk::write_durably(&raw, (0..PIECES).map(|_| piece.as_slice())))?);
        reads.push(disk::timed(context, || expect(length, disk::read(&raw, &mut buffer)?))?);
        std::fs::remove_file(&raw)?;
        let mut connection: Connection = zerun.connect()?;
        puts.push(disk::timed(context, || {
            let head = zerun.head("s3", "PUT", "/bench/large", length, &hash);
            connection.send_parts(&head, (0..PIECES).map(|_| piece.as_slice()), &mut body)
        })?);
        let request = zerun.request("s3", "GET", "/bench/large", b"");
        gets.push(disk::timed(context, || {
            connection.send(&request, &mut body)?;
            expect(length, body.len() as u64)
        })?);
    }
    let row = |what: &str, ours: Vec<_>, theirs: Vec<_>| -> Result<Vec<String>> {
        let (ours, theirs) = (Sample::new(ours)?.median(), Sample::new(theirs)?.median());
        let shown = |time: std::time::Duration| {
            format!("{} ({:.0} MiB/s)", ms(time), PIECES as f64 / time.as_secs_f64())
        };
        Ok(vec![what.into(), shown(ours), shown(theirs), ratio_of(ours, theirs)])
    };
    print(
        &format!("1 GiB object, one client, median of {LARGE_ROUNDS}"),
        &["", "zerun (signed HTTP, hash of the whole body verified)", "raw disk", "ratio"],
        &[row("put (durable)", puts, writes)?, row("get (page cache)", gets, reads)?],
        &[],
    )
}

fn expect(wanted: u64, got: u64) -> Result<()> {
    if wanted == got { Ok(()) } else { Err(format!("{got} bytes instead of {wanted}").into()) }
}
