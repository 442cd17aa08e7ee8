//! What the values in a request can be made of.

use crate::pages::{page, requests};

#[tokio::test]
async fn a_request_has_both_ends_of_the_range_that_a_page_is() {
    let paging = "  request: { post: \"https://api.example.com/logs\", query: { since: \"{window.start|epoch}\" }, json: { search_to: \"{page.offset|plus(100)}\" } }
  next: { offset: { json: search_from, step: 100 } }";
    let asked = requests(paging, &[page(&[1], ""), page(&[2], ""), page(&[], "")]).await;
    let bodies = asked.iter().map(|request| request.rsplit(" | ").next().unwrap());
    assert_eq!(
        bodies.collect::<Vec<_>>(),
        [
            "{\"search_to\":100,\"search_from\":0}",
            "{\"search_to\":200,\"search_from\":100}",
            "{\"search_to\":300,\"search_from\":200}",
        ]
    );
}
