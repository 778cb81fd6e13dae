-- What wrk posts: a body of so many bytes, or so many lines of a batch. Its arguments: bytes, lines (0: no batch).
function init(args)
  local size, lines = tonumber(args[1]), tonumber(args[2])
  wrk.method = "POST"
  wrk.body = string.rep("x", size)
  wrk.headers["Content-Type"] = "text/plain"
  if lines > 0 then
    wrk.body = string.rep('{"ch":"news","data":"' .. wrk.body .. '"}\n', lines)
    wrk.headers["Content-Type"] = "application/x-ndjson"
  end
end
