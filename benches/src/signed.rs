//! What it adds to a request that its signature is verified and that policies decide: the very calls that the front door
//! makes for each, on a request of a user with many policies; and beside them whole requests through the front door.

use std::hint::black_box;

use ::access::iam::{NewPolicy, NewUser, User};
use ::access::policy::Context as Keys;
use ::access::{Access, Asked, MasterKey, Resource, Sent};
use aws_lc_rs::digest;
use http::request::Parts;
use kv::Kv;
use names::{AccountId, Arn, Region};
use protocol::sigv4;

use crate::{
    Context, Result,
    access::policy_texts,
    fixture::Zerun,
    sample::Sample,
    sign::{Signer, sha256},
    table,
};

const REQUESTS: usize = 20_000;
const CALLS: usize = 5_000;
const BODY: &[u8] = &[b'z'; 1024];
const PATH: &str = "/2015-03-31/functions/thumbs/invocations";
const HOST: &str = "127.0.0.1:4566";

/// # Errors
/// A signature that does not hold, a decision that is not the expected one, or a request that fails.
pub fn run(context: &Context) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let [authenticating, authorising, both] = runtime.block_on(inside(context))?;
    let (page, call) = through_the_door(context)?;
    let row = |name: &str, sample: &Sample| {
        vec![name.to_owned(), table::ms(sample.median()), table::ms(sample.p99())]
    };
    let mut rows = vec![
        row("authenticate", &authenticating),
        row("authorise", &authorising),
        row("both", &both),
        row("a page of the server's own, unsigned", &page),
        row("GetCallerIdentity, signed", &call),
    ];
    let between = call.median().saturating_sub(page.median());
    rows.push(vec!["  the difference".to_owned(), table::ms(between), String::new()]);
    table::print(
        "Signatures and decisions of a request",
        &["1 KiB of body, a user with 10 policies of 20 statements", "p50", "p99"],
        &rows,
        &[
            "Aim: both together at most 60 µs. The first three rows are the front door's own calls, without a network.",
            "The difference also holds reading the call, doing it and writing its answer.",
        ],
    )
}

/// Authenticating, authorising, and both.
async fn inside(context: &Context) -> Result<[Sample; 3]> {
    let clock = context.clock.clone();
    let (access, _) = Access::open(&Kv::memory(), clock.clone(), &MasterKey::ephemeral(&clock), &[]).await?;
    let (iam, account) = (access.iam(), AccountId::root());
    iam.create_user(account.clone(), NewUser { name: "ann".to_owned(), ..NewUser::default() }).await?;
    for (place, text) in policy_texts().into_iter().enumerate() {
        let new = NewPolicy { name: format!("p{place}"), text, ..NewPolicy::default() };
        let arn = iam.create_policy(account.clone(), new).await?.arn;
        iam.attach_policy::<User>(account.clone(), "ann".to_owned(), arn).await?;
    }
    let (key, secret) = iam.create_access_key(account.clone(), "ann".to_owned()).await?;
    let signer = Signer { access_key_id: key.id, secret_access_key: secret.expose().to_owned() };
    let parts = signed(&signer, &clock.now().to_basic())?;
    let region = Region::parse("us-east-1")?;
    let function = Arn::parse("arn:aws:lambda:us-east-1:000000000000:function:thumbs")?;
    let (mut authenticating, mut authorising, mut both) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..REQUESTS {
        let start = clock.moment();
        let now = clock.now();
        let presented = sigv4::parse(black_box(&parts)).map_err(|error| format!("{error:?}"))?;
        let credential = access.credential(&presented.access_key_id, None, now)?;
        let mut body_hash = [0; 32];
        body_hash.copy_from_slice(digest::digest(&digest::SHA256, black_box(BODY)).as_ref());
        let request = sigv4::Request { parts: &parts, body_hash: Some(body_hash), bucket_in_host: None, now };
        presented.verify(credential.secret.expose(), &request).map_err(|error| format!("{error:?}"))?;
        access.used(&credential.principal, &presented.access_key_id, "lambda", region.as_str());
        let known = clock.moment();
        let (principal, action) = (&credential.principal, "lambda:InvokeFunction");
        let resources = [Resource::new(function.clone())];
        let sent = Sent { at: now, source_ip: [127, 0, 0, 1].into(), user_agent: "bench", region: &region };
        if !::access::admit(principal, action).is_allowed() {
            return Err("not admitted".into());
        }
        let asked = Asked {
            principal,
            action,
            resources: &resources,
            sent: &sent,
            context: Keys::new(),
            shared: &[],
        };
        let decision = access.authorize(asked).await?;
        let end = clock.moment();
        if !black_box(decision).is_allowed() {
            return Err("not allowed".into());
        }
        authenticating.push(known.since(start));
        authorising.push(end.since(known));
        both.push(end.since(start));
    }
    Ok([Sample::new(authenticating)?, Sample::new(authorising)?, Sample::new(both)?])
}

fn signed(signer: &Signer, time: &str) -> Result<Parts> {
    let mut request = http::Request::post(PATH);
    for line in signer.headers("lambda", "POST", HOST, PATH, &sha256(BODY), time).lines() {
        let (name, value) = line.split_once(": ").ok_or("a header line without a colon")?;
        request = request.header(name, value);
    }
    Ok(request.body(())?.into_parts().0)
}

fn through_the_door(context: &Context) -> Result<(Sample, Sample)> {
    let zerun = Zerun::start(context, &context.disk.join("signed"))?;
    let page = format!("GET /_zerun/health HTTP/1.1\r\nHost: {}\r\n\r\n", zerun.server.address).into_bytes();
    let call = zerun.request("sts", "POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15");
    let (mut connection, mut body) = (zerun.connect()?, Vec::new());
    let (mut pages, mut calls) = (Vec::new(), Vec::new());
    // By turns, so that whatever else goes on here meets both.
    for _ in 0..CALLS {
        for (request, durations) in [(&page, &mut pages), (&call, &mut calls)] {
            let start = context.clock.moment();
            connection.send(request, &mut body)?;
            durations.push(context.clock.since(start));
        }
    }
    Ok((Sample::new(pages)?, Sample::new(calls)?))
}
