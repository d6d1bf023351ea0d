use access::iam::Paging;

/// The page that a list is asked for; the model has checked the number (1-1000).
pub(super) fn read(marker: Option<String>, max_items: Option<i32>) -> Paging {
    Paging::new(marker, max_items.and_then(|max| usize::try_from(max).ok()))
}
