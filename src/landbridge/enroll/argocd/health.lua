-- Health of MultiClusterService, by `landbridge fleet init --argocd`; a change made here would be overwritten.

-- Reasons of Ready=False that waiting does not mend: a person has to. All others end when what is missing comes.
local lasting = {
  Forbidden = true, InvalidServiceType = true, NotExported = true, ReservedNamespace = true, ReservedService = true,
}

local function health(status, message)
  return {status = status, message = message}
end

local function condition(kind)
  for _, found in ipairs(obj.status.conditions or {}) do
    if found.type == kind then
      return found
    end
  end
end

local waiting = health("Progressing", "Waiting for the Landbridge controller")
if obj.status == nil or (obj.status.observedGeneration or 0) < (obj.metadata.generation or 0) then
  return waiting
end
local ready = condition("Ready")
if ready == nil then
  return waiting
end

if ready.status == "True" then
  local conflict = condition("Conflict")
  if conflict ~= nil and conflict.status == "True" then
    return health("Healthy", (ready.message or "") .. "; " .. (conflict.message or ""))
  end
  return health("Healthy", ready.message)
end
-- Unknown: contact to a cluster is lost, and what it last imported keeps serving.
if ready.status == "False" and lasting[ready.reason] then
  return health("Degraded", ready.message)
end
return health("Progressing", ready.message)
