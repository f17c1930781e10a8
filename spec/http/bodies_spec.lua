local bodies = require "apify.http.bodies"

describe("bodies", function()
  it("compresses a body where that makes it smaller", function()
    local body, headers = bodies.of_json(("x"):rep(1023))
    assert.equal(1023, #body)
    assert.equal(1, #headers)
    body, headers = bodies.of_json(("x"):rep(1024))
    assert.is_true(#body < 1024)
    assert.equal("Content-Encoding: gzip", headers[2])
  end)
end)
